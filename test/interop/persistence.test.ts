/** What SAVE, BGSAVE, rewrites and loads say of themselves, held against redis-server. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRealServer } from '../support/real-servers.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import type { TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';

const use = useResources();
const kinds = ['bundled', 'redis7'] as const;

/** Figures that differ from run to run, or that only a forked child has. */
const varying =
  /_cow_|^rdb_last_save_time$|_time_sec$|^aof_(?:current|base)_size$|_fork_perc$|_keys_processed$/;

async function persistenceInfo(server: TestServer): Promise<Record<string, string>> {
  const text = await server.cli('INFO', 'persistence');
  const lines = text.split(/\r?\n/).filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => {
      const [name, value] = line.split(':');
      return [name, varying.test(name) ? 'varies' : value];
    }),
  );
}

async function idle(server: TestServer): Promise<void> {
  for (const name of [
    'rdb_bgsave_in_progress',
    'aof_rewrite_in_progress',
    'aof_rewrite_scheduled',
  ]) {
    await waitFor(async () => (await server.info(name)) === '0', { what: `${name} to be 0` });
  }
}

/** Steps after each of which INFO persistence is looked at. */
const steps: readonly (readonly [name: string, run: (server: TestServer) => Promise<unknown>])[] = [
  ['at the start', async () => undefined],
  ['after changes', (server) => server.cli('MSET', 'a', 1, 'b', 2)],
  ['after SAVE', (server) => server.cli('SAVE')],
  [
    'after BGSAVE',
    async (server) => {
      await server.cli('SET', 'c', 3);
      await server.cli('BGSAVE');
      await idle(server);
    },
  ],
  [
    'with an append-only file',
    async (server) => {
      await server.cli('CONFIG', 'SET', 'appendonly', 'yes');
      await idle(server);
    },
  ],
  [
    'after BGREWRITEAOF',
    async (server) => {
      await server.cli('SET', 'd', 4);
      await server.cli('BGREWRITEAOF');
      await idle(server);
    },
  ],
  [
    'while a save is under way, with a rewrite behind it',
    async (server) => {
      await server.cli('CONFIG', 'SET', 'rdb-key-save-delay', 10_000_000);
      await server.cli('BGSAVE');
      await server.cli('BGREWRITEAOF');
    },
  ],
  [
    'while a rewrite is under way',
    async (server) => {
      await server.cli('FLUSHALL');
      await server.cli('CONFIG', 'SET', 'rdb-key-save-delay', 0);
      await idle(server);
      await server.cli('MSET', 'a', 1, 'b', 2);
      await server.cli('CONFIG', 'SET', 'rdb-key-save-delay', 10_000_000);
      await server.cli('BGREWRITEAOF');
    },
  ],
];

test('INFO persistence is that of redis-server, whatever is under way', async (context) => {
  needServer(context, 'redis7');
  const seen: Record<string, Record<string, Record<string, string>>> = {};
  for (const kind of kinds) {
    const server = await use.server(kind);
    seen[kind] = {};
    for (const [name, run] of steps) {
      await run(server);
      seen[kind][name] = await persistenceInfo(server);
    }
  }
  expect(seen['bundled']).toEqual(seen['redis7']);
});

test('INFO tells how far a load is, as redis-server does', async (context) => {
  needServer(context, 'redis7');
  const names: string[][] = [];
  for (const kind of kinds) {
    const args = ['--key-load-delay', '300', '--loading-process-events-interval-bytes', '1024'];
    const server = await use.server(kind, { args: [...args, '--rdbcompression', 'no'] });
    await server.cli('DEBUG', 'POPULATE', 3000, 'key', 100);
    await server.cli('SAVE');
    const loading = server.restart();
    const info = await waitFor(
      async () => {
        const found = await persistenceInfo(server).catch((): Record<string, string> => ({}));
        return found['loading'] === '1' && Number(found['loading_loaded_perc']) > 0 && found;
      },
      { what: 'the load to be under way' },
    );
    names.push(Object.keys(info));
    const [total, loaded] = await Promise.all([
      server.info('loading_total_bytes'),
      server.info('loading_loaded_bytes'),
    ]);
    expect(Number(total)).toBeGreaterThan(300_000);
    expect(Number(loaded)).toBeGreaterThan(0);
    expect(Number(await server.info('loading_rdb_used_mem'))).toBeGreaterThan(100_000);
    expect(Number(await server.info('loading_start_time'))).toBeGreaterThan(1.7e9);
    await loading;
  }
  expect(names[0]).toEqual(names[1]);
});

test('BGSAVE beside a rewrite is refused, or put off, in the same words', async (context) => {
  needServer(context, 'redis7');
  const answers: string[][] = [];
  for (const kind of kinds) {
    const server = await use.server(kind);
    await server.cli('SET', 'k', 'v');
    await server.cli('CONFIG', 'SET', 'rdb-key-save-delay', 2_000_000);
    answers.push([
      await server.cli('BGREWRITEAOF'),
      await server.cli('BGREWRITEAOF'),
      await server.cli('BGSAVE'),
      await server.cli('BGSAVE', 'SCHEDULE'),
      await server.cli('BGSAVE', 'LATER'),
    ]);
    await server.cli('CONFIG', 'SET', 'rdb-key-save-delay', 0);
    await waitFor(async () => (await server.info('rdb_saves')) === '1', {
      what: 'the save that was put off',
    });
  }
  expect(answers[0]).toEqual(answers[1]);
});

describe.for(['bundled', 'redis7'] as const)('between two of %s', (kind) => {
  test.for([
    ['yes', '', false],
    ['yes', '3600 1', true],
    ['no', '', true],
  ] as const)(
    'with rdb-del-sync-files %s and save %j a sync leaves files: %s',
    async ([del, save, stays], context) => {
      needServer(context, kind);
      const args = ['--rdb-del-sync-files', del, '--save', save];
      const master = await use.server(kind, { args: [...args, '--repl-diskless-sync', 'no'] });
      await master.cli('SET', 'k', 'v');
      const replica = await use.server(kind, {
        args: [...args, '--replicaof', `${master.host} ${master.port}`],
      });
      await waitFor(async () => (await replica.cli('GET', 'k')) === 'v', { what: 'the sync' });
      const left = (): boolean[] =>
        [master, replica].map(({ dir }) => existsSync(join(dir, 'dump.rdb')));
      await waitFor(() => left().every((there) => there === stays), { what: 'the files to go' });
      expect(left()).toEqual([stays, stays]);
    },
  );
});

test('redis-check-aof cuts our files off at a moment', async (context) => {
  needServer(context, 'redis7');
  const args = ['--appendonly', 'yes', '--aof-timestamp-enabled', 'yes'];
  const server = await use.server('bundled', { args });
  const stamps = (): string[] => {
    const dir = join(server.dir, 'appendonlydir');
    const name = readdirSync(dir).find((each) => each.endsWith('.incr.aof')) ?? '';
    return readFileSync(join(dir, name), 'latin1').match(/(?<=#TS:)\d+/g) ?? [];
  };
  await server.cli('SET', 'kept', 1);
  await waitFor(async () => (await server.cli('INCR', 'cut')) !== '' && stamps().length > 1, {
    what: 'another second to begin',
  });
  await server.stop();
  const checker = findRealServer('redis7')?.binary.replace(/server$/, 'check-aof') ?? '';
  const manifest = join(server.dir, 'appendonlydir', 'appendonly.aof.manifest');
  const cut = spawnSync(checker, ['--truncate-to-timestamp', stamps()[0], manifest], {
    encoding: 'utf8',
  });
  expect(cut.stdout).toContain('Successfully truncated AOF');
  const before = (): Promise<string> => server.cli('GET', 'kept');
  await server.restart();
  expect(await before()).toBe('1');
  expect(stamps()).toHaveLength(1);
});
