/** MIGRATE: between our server and a real one, what it says, and that nothing gets lost. */
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { expectSameDigest } from '../../support/digest.ts';
import type { RespClient, RespValue } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer, type ServerKind } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { testTranscript } from '../../support/transcripts.ts';
import { waitFor } from '../../support/wait-for.ts';

testTranscript(new URL('../../transcripts/commands/migrate.txt', import.meta.url));

const use = useResources();

const dataSet: readonly (readonly string[])[] = [
  ['SET', 'string', 'v'],
  ['SET', 'volatile', 'v', 'EX', '1000'],
  ['RPUSH', 'list', 'a', 'b', '1'],
  ['SADD', 'set', '1', '2', '3'],
  ['HSET', 'hash', 'f', 'v'],
  ['ZADD', 'zset', '1', 'a', '2.5', 'b'],
  ['XADD', 'stream', '1-1', 'f', 'v'],
];
const keys = dataSet.map(([, key]) => key);

const pairs: readonly (readonly [from: ServerKind, to: ServerKind])[] = [
  ['bundled', 'redis7'],
  ['redis7', 'bundled'],
  ['bundled', 'bundled'],
];

test.for(pairs)('all types, %s → %s', async ([from, to], context) => {
  needServer(context, from, to);
  const [source, target] = [await use.server(from), await use.server(to)];
  const witness = await use.server(from);
  const client = await source.connect();
  await client.pipeline(dataSet);
  await (await witness.connect()).pipeline(dataSet);
  const migrate = ['MIGRATE', '127.0.0.1', target.port, '', 0, 5000] as const;
  expect(await client.command(...migrate, 'COPY', 'KEYS', ...keys)).toBe('OK');
  await expectSameDigest(source, target, witness);
  expect(await client.command(...migrate, 'REPLACE', 'KEYS', 'nosuch', ...keys)).toBe('OK');
  expect(await client.must('DBSIZE')).toBe(0);
  await expectSameDigest(target, witness);
  expect(Number(await target.cli('PTTL', 'volatile'))).toBeGreaterThan(990_000);
});

describe('what the other server says', () => {
  async function twoServers(): Promise<[RespClient, TestServer]> {
    const source = await use.server('bundled');
    return [await source.connect(), await use.server('bundled', { password: 'secret' })];
  }
  const refused = (text: string): RespValue => ({
    error: `ERR Target instance replied with error: ${text}`,
  });

  test('passwords, databases, keys that are there', async () => {
    const [client, { port }] = await twoServers();
    await client.pipeline([
      ['SET', 'k', 'v'],
      ['SET', 'l', 'v'],
    ]);
    const migrate = (dbId: number, ...options: string[]): Promise<RespValue> =>
      client.command('MIGRATE', '127.0.0.1', port, 'k', dbId, 5000, ...options);
    expect(await migrate(0)).toEqual(refused('NOAUTH Authentication required.'));
    expect(await migrate(0, 'AUTH', 'wrong')).toEqual(
      refused('WRONGPASS invalid username-password pair or user is disabled.'),
    );
    const auth = ['AUTH2', 'default', 'secret'];
    expect(await migrate(99, ...auth)).toEqual(refused('ERR DB index is out of range'));
    expect(await migrate(3, ...auth, 'COPY')).toBe('OK');
    const busy = refused('BUSYKEY Target key name already exists.');
    expect(await migrate(3, ...auth)).toEqual(busy);
    // One key is in the way: the other one moves all the same.
    const both = ['MIGRATE', '127.0.0.1', port, '', 3, 5000, ...auth, 'KEYS', 'k', 'l'] as const;
    expect(await client.command(...both)).toEqual(busy);
    expect(await client.must('MGET', 'k', 'l')).toEqual(['v', null]);
    expect(await migrate(3, ...auth, 'REPLACE')).toBe('OK');
    expect(await client.must('EXISTS', 'k')).toBe(0);
    expect(await client.must('INFO', 'stats')).toContain('migrate_cached_sockets:1');
  });

  test('nothing', async () => {
    const deaf = createServer();
    use.defer(() => deaf.close());
    await new Promise<void>((done) => deaf.listen(0, '127.0.0.1', done));
    const { port } = deaf.address() as { port: number };
    const source = await use.server('bundled');
    const [client, other] = [await source.connect(), await source.connect()];
    await client.must('SET', 'k', 'v');
    client.send('MIGRATE', '127.0.0.1', port, 'k', 0, 200);
    await waitFor(async () => (await source.info('blocked_clients')) === '1');
    // Whoever writes waits; who reads does not.
    other.send('SET', 'k', 'new');
    expect(await source.cli('GET', 'k')).toBe('v');
    expect(await client.read()).toEqual({
      error: 'IOERR error or timeout reading to target instance',
    });
    expect(await other.read()).toBe('OK');
    expect(await source.cli('GET', 'k')).toBe('new');
  });

  test('nobody', async () => {
    const source = await use.server('bundled');
    const client = await source.connect();
    await client.must('SET', 'k', 'v');
    const lost = (how: string): RespValue => ({ error: `IOERR error or timeout ${how}` });
    expect(await client.command('MIGRATE', '127.0.0.1', 1, 'k', 0, 5000)).toEqual(
      lost('writing to target instance'),
    );
    expect(await client.command('MIGRATE', 'no.such.host.invalid', 1, 'k', 0, 5000)).toEqual(
      lost('connecting to the client'),
    );
    expect(await client.must('INFO', 'stats')).toContain('migrate_cached_sockets:0');
  });

  test('that it was restarted meanwhile, which nobody need notice', async () => {
    const [source, target] = [await use.server('bundled'), await use.server('bundled')];
    const client = await source.connect();
    const migrate = ['MIGRATE', '127.0.0.1', target.port, 'k', 0, 5000] as const;
    await client.must('SET', 'k', 'v');
    expect(await client.command(...migrate)).toBe('OK');
    await target.cli('CLIENT', 'KILL', 'TYPE', 'normal');
    await client.must('SET', 'k', 'v');
    expect(await client.command(...migrate, 'REPLACE')).toBe('OK');
  });
});

test('replicas hear of what went', async () => {
  const [source, target] = [await use.server('bundled'), await use.server('bundled')];
  const client = await source.connect();
  await client.pipeline([
    ['SET', 'k', 'v'],
    ['SET', 'l', 'v'],
  ]);
  const replica = await use.server('bundled', {
    args: ['--replicaof', '127.0.0.1', String(source.port)],
  });
  await waitFor(async () => (await replica.cli('DBSIZE')) === '2', { what: 'the replica' });
  const migrate = ['MIGRATE', '127.0.0.1', target.port, '', 0, 5000] as const;
  expect(await client.command(...migrate, 'KEYS', 'k', 'l')).toBe('OK');
  await waitFor(async () => (await replica.cli('DBSIZE')) === '0', { what: 'the replica' });
});
