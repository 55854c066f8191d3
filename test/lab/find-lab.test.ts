/** The nearest repl.yaml, as git finds its repository. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findLabDir } from '../../src/lab/find-lab.ts';
import { OperatorError } from '../../src/util/errors.ts';
import { useResources } from '../support/resources.ts';

const use = useResources();

async function makeLab(): Promise<{ lab: string; below: string }> {
  const lab = await use.tempDir();
  const below = join(lab, '6379', 'append6379');
  await mkdir(below, { recursive: true });
  await writeFile(join(lab, 'repl.yaml'), '');
  return { lab, below };
}

test('is looked for upwards', async () => {
  const { lab, below } = await makeLab();
  expect(findLabDir({ cwd: below })).toBe(lab);
  expect(findLabDir({ cwd: lab })).toBe(lab);
});

test('may be named by its directory or its file, but is not looked for from there', async () => {
  const { lab, below } = await makeLab();
  expect(findLabDir({ cwd: below, lab: '../..' })).toBe(lab);
  expect(findLabDir({ cwd: '/', lab: join(lab, 'repl.yaml') })).toBe(lab);
  expect(() => findLabDir({ cwd: '/', lab: below })).toThrow(`there is no lab at ${below}`);
});

test('where there is none, the error says how to make one', async () => {
  const dir = await use.tempDir();
  expect(() => findLabDir({ cwd: dir })).toThrow(OperatorError);
  expect(() => findLabDir({ cwd: dir })).toThrow(`there is no lab in ${dir} or above it`);
});
