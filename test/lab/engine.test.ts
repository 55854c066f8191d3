/** Which program an engine's name means on this machine. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findEngine, nameEngine } from '../../src/lab/engine.ts';
import { useResources } from '../support/resources.ts';

const use = useResources();

async function makeProgram(name: string): Promise<{ dir: string; path: string }> {
  const dir = await use.tempDir();
  const path = join(dir, name);
  await writeFile(path, '#!/bin/sh\n');
  await chmod(path, 0o755);
  return { dir, path };
}

test.each(['redis', 'valkey'])('%s is a program on the PATH', async (engine) => {
  const { dir, path } = await makeProgram(`${engine}-server`);
  const env = { PATH: `/nowhere::${dir}` };
  expect(await findEngine(engine, env)).toEqual({ kind: 'found', command: [path] });
  expect(await findEngine(engine, { PATH: '/nowhere' })).toMatchObject({
    kind: 'missing',
    refusal: {
      kind: 'engine-missing',
      message: `there is no program ${engine}-server on the PATH`,
      hint: expect.stringContaining(`apt install ${engine}-server`) as string,
    },
  });
});

test('a path is a program, if it may be run', async () => {
  const { path } = await makeProgram('my-server');
  expect(await findEngine(path)).toEqual({ kind: 'found', command: [path] });
  await chmod(path, 0o644);
  expect(await findEngine(path)).toMatchObject({
    refusal: { message: `${path} is not a program that you may run` },
  });
  expect(await findEngine(`${path}x`)).toMatchObject({
    refusal: { message: `there is no program ${path}x` },
  });
});

test('other names are looked for on the PATH, too', async () => {
  const { dir, path } = await makeProgram('keydb-server');
  expect(await findEngine('keydb-server', { PATH: dir })).toEqual({
    kind: 'found',
    command: [path],
  });
});

test('bundled is Node with our entry', async () => {
  const found = await findEngine('bundled');
  expect(found).toMatchObject({
    command: [process.execPath, expect.stringMatching(/\/bin\/repl-server\.js$/)],
  });
});

test('a relative path is kept as an absolute one, a name as it is', () => {
  expect(nameEngine('./build/redis-server', '/home/me')).toBe('/home/me/build/redis-server');
  expect(nameEngine('redis', '/home/me')).toBe('redis');
});
