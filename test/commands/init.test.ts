/** `repl init` as users run it: what it writes, what it refuses, and that the files are real. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { InitDocument } from '../../src/cli/init-view.ts';
import { loadSpec } from '../../src/topology/spec.ts';
import { jsonOf, runRepl, type ReplRun } from '../cli/run-repl.ts';
import { expectGolden } from '../support/golden.ts';
import { freePort } from '../support/free-port.ts';
import { findRealServer } from '../support/real-servers.ts';
import { connectResp, formatReply } from '../support/resp-client.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import { waitFor } from '../support/wait-for.ts';

const use = useResources();
const run = promisify(execFile);

/** A new place, and ports for it. Whatever was started there is stopped in the end. */
async function newPlace(count = 3): Promise<{ cwd: string; ports: number[] }> {
  const cwd = await use.tempDir();
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  use.defer(() => runRepl(['stop'], { cwd }));
  return { cwd, ports };
}

/** The same text on every machine: the place and the ports by name, the highest port first. */
function anonymous({ stdout }: ReplRun, { cwd, ports }: { cwd: string; ports: number[] }): string {
  return ports.reduce(
    (text, port, index) => text.replaceAll(String(port), `PORT${index + 1}`),
    stdout.replaceAll(cwd, '/LAB').replaceAll(/\S*bin\/repl\.js/g, 'repl'),
  );
}

describe('what it writes', () => {
  test('a lab, for the owner only, with a password of its own', async () => {
    const place = await newPlace();
    const { cwd, ports } = place;
    const first = await runRepl(['init', ...ports], { cwd });
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expectGolden(anonymous(first, place), new URL('golden/init.txt', import.meta.url));
    const { password, nodes } = await loadSpec(cwd);
    expect(password?.reveal()).toMatch(/^[0-9a-f]{32}$/);
    expect(nodes.map((node) => node.port)).toEqual(ports);
    for (const port of ports) {
      const conf = join(cwd, `${port}`, `redis${port}.conf`);
      expect((await stat(conf)).mode & 0o777).toBe(0o600);
      expect(await readFile(conf, 'utf8')).toContain(`requirepass ${password?.reveal()}`);
    }
    expect((await stat(join(cwd, 'repl.yaml'))).mode & 0o777).toBe(0o600);
  });

  test('nothing in a dry run, which shows all of it but the password', async () => {
    const place = await newPlace();
    const { cwd, ports } = place;
    const chain = [ports[0], ports[1], `${ports[2]}:${ports[1]}`];
    const dry = await runRepl(['init', ...chain, '--dry-run', '--password', 'topsecret'], { cwd });
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).not.toContain('topsecret');
    expectGolden(anonymous(dry, place), new URL('golden/dry-run.txt', import.meta.url));
    expect(await readdir(cwd)).toEqual([]);
  });

  test('as JSON', async () => {
    const { cwd, ports } = await newPlace(2);
    const json = await runRepl(['init', ...ports, '--no-auth', '--dir', 'x', '--json'], { cwd });
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(jsonOf(json)).toEqual({
      schema: 'redis-repl/init',
      version: 1,
      lab: join(cwd, 'x'),
      engine: 'bundled',
      dryRun: false,
      nodes: ports.map((port, index) => ({
        name: `redis${port}`,
        host: '127.0.0.1',
        port,
        dir: String(port),
        ...(index === 0 ? {} : { replicaof: `redis${ports[0]}` }),
      })),
      kept: [],
      files: [
        ...ports.map((port) => ({ path: `${port}/redis${port}.conf` })),
        { path: 'repl.yaml' },
      ],
    });
    expect((await loadSpec(join(cwd, 'x'))).password).toBeUndefined();
  });

  test('where --lab says, as the other commands', async () => {
    const { cwd, ports } = await newPlace(1);
    const run = await runRepl(['init', ...ports, '--lab', 'y', '--json'], { cwd });
    expect(jsonOf(run)).toMatchObject({ lab: join(cwd, 'y') });
  });
});

describe('the password', () => {
  test.each([
    ['from the environment', [], { env: { REPL_PASSWORD: 'from env' } }, 'from env'],
    ['from stdin', ['--password', '-'], { input: 'from stdin\nnot this\n' }, 'from stdin'],
    ['from the flag', ['--password', 'typed'], { env: { REPL_PASSWORD: 'x' } }, 'typed'],
    ['none at all', ['--no-auth'], { env: { REPL_PASSWORD: 'x' } }, undefined],
  ])('%s', async (_from, flags, how, password) => {
    const { cwd, ports } = await newPlace(1);
    expect(await runRepl(['init', ...ports, ...flags], { cwd, ...how })).toMatchObject({ code: 0 });
    expect((await loadSpec(cwd)).password?.reveal()).toBe(password);
  });

  test('is never in what is said about it', async () => {
    const { cwd, ports } = await newPlace(1);
    const both = await runRepl(['init', ...ports, '--no-auth', '--password', 'topsecret'], { cwd });
    expect(both).toMatchObject({ code: 2 });
    expect(both.stderr).toContain('exclude each other');
    expect(both.stderr).not.toContain('topsecret');
    const empty = await runRepl(['init', ...ports, '--password', '-'], { cwd, input: '' });
    expect(empty).toMatchObject({ code: 2 });
    expect(empty.stderr).toContain('the password is empty');
  });
});

describe('what it refuses, before anything is written', () => {
  test.each([
    ['no ports', [], 2, 'the ports are missing'],
    ['what is no port', ['x'], 2, '"x" is not a port'],
    ['a port twice', ['7001', '7001'], 2, 'port 7001 is given twice'],
    ['a circle', ['7001:7002', '7002:7001'], 2, 'in a circle: 7001 → 7002 → 7001'],
    ['an unknown upstream', ['7001', '7002:7003'], 2, 'is not a node of this lab'],
    ['what is no address', ['7001', '--bind', 'home'], 2, '"home" is not an address'],
    ['an engine that is not there', ['7001', '--engine', './x'], 1, 'there is no program'],
  ])('%s', async (_what, args, code, message) => {
    const { cwd } = await newPlace(0);
    const refused = await runRepl(['init', ...args], { cwd });
    expect(refused).toMatchObject({ code, stdout: '' });
    expect(refused.stderr).toContain(message);
    expect(refused.stderr).toMatch(/^next: \S/m);
    expect(await readdir(cwd)).toEqual([]);
  });

  test('a port that is taken', async () => {
    const { cwd, ports } = await newPlace(1);
    const other = await use.server('bundled');
    const refused = await runRepl(['init', ...ports, other.port, '--json'], { cwd });
    expect(refused).toMatchObject({ code: 1, stderr: '' });
    expect(jsonOf(refused)).toMatchObject({
      error: { message: expect.stringContaining(`port ${other.port} is taken`) as string },
    });
    expect(await readdir(cwd)).toEqual([]);
  });

  test('a lab that is there; --force writes it anew and keeps what is not its own', async () => {
    const { cwd, ports } = await newPlace(1);
    const dir = join(cwd, String(ports[0]));
    await runRepl(['init', ...ports], { cwd });
    await writeFile(join(dir, `dump${ports[0]}.rdb`), 'data');
    await mkdir(join(dir, 'mine'));
    const { password } = await loadSpec(cwd);
    const again = await runRepl(['init', ...ports], { cwd });
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain('there is a lab in');
    expect((await loadSpec(cwd)).password?.reveal()).toBe(password?.reveal());

    const forced = await runRepl(['init', ...ports, '--force'], { cwd });
    expect(forced).toMatchObject({ code: 0 });
    expect(forced.stdout).toContain(`Kept ${ports[0]}/dump${ports[0]}.rdb`);
    expect((await loadSpec(cwd)).password?.reveal()).not.toBe(password?.reveal());
    expect((await readdir(dir)).sort()).toEqual([
      `dump${ports[0]}.rdb`,
      'mine',
      `redis${ports[0]}.conf`,
    ]);
  });
});

describe('--start', () => {
  test.for(['bundled', 'redis7'] as const)('%s: a chain, up and healthy', async (kind, context) => {
    needServer(context, kind);
    const server = kind === 'bundled' ? undefined : findRealServer(kind);
    const { cwd, ports } = await newPlace();
    const chain = [ports[0], ports[1], `${ports[2]}:${ports[1]}`];
    const engine = server?.binary ?? kind;
    const args = ['init', ...chain, '--start', '--engine', engine, '--password', 'pass word'];
    const started = await runRepl([...args, '--json'], { cwd });
    expect(started).toMatchObject({ code: 0, stderr: '' });
    const document = jsonOf<InitDocument>(started);
    expect(document.started?.map(({ outcome }) => outcome)).toEqual(Array(3).fill('started'));

    const write = await use.add(connectResp({ port: ports[0], password: 'pass word' }));
    await write.command('SET', 'k', 'v');
    for (const port of ports.slice(1)) {
      const read = await use.add(connectResp({ port, password: 'pass word' }));
      await waitFor(async () => formatReply(await read.command('GET', 'k')) === 'v');
    }
  });

  test('prints the tree and what to type next', async () => {
    const { cwd, ports } = await newPlace();
    const { code, stdout, stderr } = await runRepl(['init', ...ports, '--start'], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/started .*ready after/);
    expect(stdout).toMatch(/healthy, 3 nodes/);
    expect(stdout).toMatch(/Next:\n.* status .*\n.* promote .*\n.* stop /);
  });
});

test('a real redis-server starts from the file as it is, from anywhere', async (context) => {
  needServer(context, 'redis7');
  const server = findRealServer('redis7');
  const { cwd, ports } = await newPlace(1);
  const [port] = ports;
  await runRepl(['init', port, '--engine', server?.binary ?? '', '--password', 'p'], { cwd });
  const dir = join(cwd, String(port));
  await run(server?.binary ?? '', [`redis${port}.conf`], { cwd: dir });
  const client = await use.add(waitFor(() => connectResp({ port, password: 'p' })));
  expect(formatReply(await client.command('CONFIG', 'GET', 'appenddirname'))).toContain(
    `append${port}`,
  );
  // The lab knows it, though somebody else started it.
  expect((await runRepl(['start'], { cwd })).stdout).toContain('was running already');
  expect(await readdir(dir)).toContain(`redis${port}.log`);
});
