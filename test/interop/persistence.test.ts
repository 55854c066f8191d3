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
type Kind = (typeof kinds)[number];

/** Figures that differ from run to run, or that only a forked child has. */
const varying =
  /_cow_|^rdb_last_save_time$|_time_sec$|^aof_(?:current|base)_size$|_fork_perc$|_keys_processed$|_fsync$/;

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

/** What is asked for while each of these jobs is under way, and how one knows that all is over. */
const besides = [
  {
    job: 'BGREWRITEAOF',
    asked: [
      'BGREWRITEAOF',
      'BGSAVE',
      'SAVE',
      'DEBUG RELOAD',
      'BGSAVE SCHEDULE',
      'BGSAVE LATER',
      'FLUSHALL',
    ],
    end: ['rdb_saves', '2'],
  },
  {
    job: 'BGSAVE',
    asked: ['BGSAVE', 'BGSAVE SCHEDULE', 'SAVE', 'DEBUG RELOAD', 'BGREWRITEAOF'],
    end: ['aof_rewrites', '1'],
  },
] as const;

describe.for(besides)('beside $job', ({ job, asked, end }) => {
  test.for(['no', 'yes'])(
    'with appendonly %s, all is answered in the same words',
    async (appendonly, context) => {
      needServer(context, 'redis7');
      const seen: unknown[] = [];
      for (const kind of kinds) {
        const args = ['--appendonly', appendonly, '--save', '3600 1000000'];
        const server = await slowServer(kind, args, job);
        const digest = await server.cli('DEBUG', 'DIGEST');
        const answers: unknown[] = [];
        for (const words of asked) {
          const answer = await server.cli(...words.split(' '));
          answers.push({ words, answer, jobs: await jobsOf(server) });
          if (words !== 'FLUSHALL') expect(await server.cli('DEBUG', 'DIGEST')).toBe(digest);
        }
        seen.push(answers);
        await server.cli('SET', 'after', 'v');
        const last = await server.cli('DEBUG', 'DIGEST');
        await server.cli('CONFIG', 'SET', 'rdb-key-save-delay', 0);
        await waitFor(async () => (await server.info(end[0])) === end[1], { what: end.join(' ') });
        await idle(server);
        if (appendonly === 'no') continue;
        await server.restart();
        expect(await server.cli('DEBUG', 'DIGEST')).toBe(last);
      }
      expect(seen[0]).toEqual(seen[1]);
    },
  );

  test.for(kinds)('SHUTDOWN SAVE of %s saves what is there', async (kind, context) => {
    needServer(context, kind);
    const server = await slowServer(kind, ['--save', ''], job);
    await server.cli('SET', 'after', 'v');
    const digest = await server.cli('DEBUG', 'DIGEST');
    if (kind === 'bundled') await server.cli('CONFIG', 'SET', 'rdb-key-save-delay', 0);
    // No answer comes but the end of the connection.
    await server.cli('SHUTDOWN', 'SAVE').catch(() => '');
    await waitFor(() => !server.running, { what: 'the end' });
    expect(readdirSync(server.dir).filter((name) => name.startsWith('temp-'))).toEqual([]);
    await server.restart();
    expect(await server.cli('DEBUG', 'DIGEST')).toBe(digest);
  });
});

async function jobsOf(server: TestServer): Promise<string[]> {
  const names = [
    'rdb_bgsave_in_progress',
    'rdb_saves',
    'rdb_changes_since_last_save',
    'aof_rewrite_in_progress',
    'aof_rewrite_scheduled',
    'aof_rewrites',
  ];
  const info = await persistenceInfo(server);
  return names.map((name) => `${name}:${info[name]}`);
}

/** A server with a few keys that has begun with a job and will not end it soon. */
async function slowServer(kind: Kind, args: readonly string[], job: string): Promise<TestServer> {
  const server = await use.server(kind, { args });
  await server.cli('MSET', 'a', 1, 'b', 2, 'c', 3);
  await server.cli('CONFIG', 'SET', 'rdb-key-save-delay', 2_000_000);
  await server.cli(job);
  // Its child keeps the delay; SAVE would wait for so long too.
  if (kind === 'redis7') await server.cli('CONFIG', 'SET', 'rdb-key-save-delay', 0);
  return server;
}

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
