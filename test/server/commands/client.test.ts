/** CLIENT: its answers, and what becomes of the connections. */
import { describe, expect, test } from 'vitest';
import { waitForSync } from '../../support/digest.ts';
import type { RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { testTranscript } from '../../support/transcripts.ts';
import { waitFor } from '../../support/wait-for.ts';

testTranscript(new URL('../../transcripts/commands/client.txt', import.meta.url));

const use = useResources();

describe('LIST', () => {
  test('has the fields of redis-server in its order', async (context) => {
    needServer(context, 'redis7');
    const servers = await Promise.all([use.server('redis7'), use.server('bundled')]);
    const [theirs, ours] = await Promise.all(servers.map((server) => server.cli('CLIENT', 'LIST')));
    expect(fieldNames(ours)).toEqual(fieldNames(theirs));
  });

  test('shows name, database, transaction and protocol of each', async () => {
    const server = await use.server('bundled');
    const a = await server.connect();
    const b = await server.connect({ protocol: 3 });
    await a.pipeline([['CLIENT', 'SETNAME', 'first'], ['SELECT', 3], ['MULTI'], ['PING']]);
    const lines = await clientLines(b);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({ name: 'first', db: '3', multi: '1', flags: 'x', resp: '2' });
    expect(lines[1]).toMatchObject({ name: '', multi: '-1', flags: 'N', resp: '3' });
    expect(lines[1]?.cmd).toBe('client|list');
    const mine = (await b.must('CLIENT', 'INFO')) as { verbatim: string; format: string };
    expect(parseLine(mine.verbatim)).toMatchObject({ id: lines[1]?.id, cmd: 'client|info' });
    expect(mine.format).toBe('txt');
  });

  test('by ID and TYPE', async () => {
    const server = await use.server('bundled');
    const client = await server.connect();
    const id = `${Number(await client.must('CLIENT', 'ID'))}`;
    expect(await clientLines(client, 'ID', id, '9999')).toMatchObject([{ id }]);
    expect(await clientLines(client, 'TYPE', 'NORMAL')).toMatchObject([{ id }]);
    expect(await clientLines(client, 'TYPE', 'replica')).toEqual([]);
  });
});

describe('KILL', () => {
  test('by id, address and name of the type; the others go on', async () => {
    const server = await use.server('bundled');
    const [me, a, b, c] = await Promise.all([1, 2, 3, 4].map(() => server.connect()));
    const id = Number(await a.must('CLIENT', 'ID'));
    expect(await me.must('CLIENT', 'KILL', 'ID', id)).toBe(1);
    await waitFor(() => a.ended, { what: 'the killed connection to end' });
    expect(await me.must('CLIENT', 'KILL', `127.0.0.1:${b.localPort}`)).toBe('OK');
    await waitFor(() => b.ended, { what: 'the killed connection to end' });
    expect(await me.must('CLIENT', 'KILL', 'TYPE', 'normal')).toBe(1);
    await waitFor(() => c.ended, { what: 'the killed connection to end' });
    expect(await clientLines(me)).toHaveLength(1);
  });

  test('all filters must fit', async () => {
    const server = await use.server('bundled');
    const me = await server.connect();
    const id = Number(await me.must('CLIENT', 'ID'));
    const address = `127.0.0.1:${me.localPort}`;
    const kill = ['CLIENT', 'KILL', 'SKIPME', 'no', 'ADDR', address] as const;
    expect(await me.must(...kill, 'ID', id + 1)).toBe(0);
    expect(await me.must(...kill, 'LADDR', '127.0.0.1:1')).toBe(0);
    expect(await me.must(...kill, 'TYPE', 'pubsub')).toBe(0);
    expect(await me.must('CLIENT', 'KILL', 'ID', id)).toBe(0);
    expect(me.ended).toBe(false);
  });

  test('of oneself answers first', async () => {
    const server = await use.server('bundled');
    const me = await server.connect();
    me.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no');
    me.send('PING');
    expect((await me.readToEnd()).toString()).toBe(':1\r\n');
  });
});

describe('KILL of replication links, which come back by resuming', () => {
  for (const [side, word] of [
    ['master', 'TYPE replica'],
    ['replica', 'TYPE master'],
  ] as const) {
    test(`on the ${side}: ${word}`, async () => {
      const [master, replica] = await Promise.all([use.server('bundled'), use.server('bundled')]);
      await replica.cli('REPLICAOF', '127.0.0.1', master.port);
      await waitForSync(master, replica);
      const where = side === 'master' ? master : replica;
      expect(await where.cli('CLIENT', 'KILL', ...word.split(' '))).toBe('1');
      await waitFor(async () => (await master.info('sync_partial_ok')) === '1', {
        what: 'the replica to resume',
      });
      await waitForSync(master, replica);
      expect(await master.info('sync_full')).toBe('1');
    });
  }
});

describe('PAUSE', () => {
  test('WRITE holds back writes, in order, until UNPAUSE; reads go on', async () => {
    const server = await use.server('bundled');
    const [me, writer] = await Promise.all([server.connect(), server.connect()]);
    await me.must('CLIENT', 'PAUSE', 100_000, 'WRITE');
    writer.send('GET', 'k');
    writer.send('SET', 'k', 1);
    writer.send('INCR', 'k');
    expect(await writer.read()).toBeNull();
    await waitFor(async () => (await flagsOf(me)).includes('b'), { what: 'the writer to wait' });
    expect(await me.must('GET', 'k')).toBeNull();
    expect(await server.info('blocked_clients')).toBe('1');
    await me.must('CLIENT', 'UNPAUSE');
    expect(await writer.read()).toBe('OK');
    expect(await writer.read()).toBe(2);
  });

  test("on a replica the master's writes wait too, and their bytes are not counted", async () => {
    const master = await use.server('bundled');
    const replica = await use.server('bundled', {
      args: ['--replicaof', '127.0.0.1', String(master.port)],
    });
    await waitForSync(master, replica);
    await master.cli('SET', 'first', 'v');
    await waitForSync(master, replica);
    const offset = await replica.info('slave_repl_offset');
    await replica.cli('CLIENT', 'PAUSE', 100_000, 'WRITE');
    const client = await master.connect();
    await client.pipeline([
      ['PUBLISH', 'a', 'b'],
      ['MULTI'],
      ['SET', 'k', 'v'],
      ['SET', 'l', 'v'],
      ['EXEC'],
    ]);
    const sent = await master.info('master_repl_offset');
    await waitFor(async () => (await replica.info('slave_read_repl_offset')) === sent, {
      what: 'the replica to have read it all',
    });
    expect(await replica.info('slave_repl_offset')).toBe(offset);
    expect(await replica.cli('GET', 'k')).toBe('');
    await replica.cli('CLIENT', 'UNPAUSE');
    await waitForSync(master, replica);
    expect(await replica.cli('MGET', 'k', 'l')).toBe('v\nv');
  });

  test('ALL ends by itself', async () => {
    const server = await use.server('bundled');
    const [me, other] = await Promise.all([server.connect(), server.connect()]);
    const startedMs = performance.now();
    await me.must('CLIENT', 'PAUSE', 150);
    expect(await other.must('PING')).toBe('PONG');
    expect(performance.now() - startedMs).toBeGreaterThan(100);
  });

  test('a second PAUSE makes it neither shorter nor looser', async () => {
    const server = await use.server('bundled');
    const [me, other] = await Promise.all([server.connect(), server.connect()]);
    const startedMs = performance.now();
    await me.pipeline([
      ['MULTI'],
      ['CLIENT', 'PAUSE', 200, 'ALL'],
      ['CLIENT', 'PAUSE', 1, 'WRITE'],
      ['EXEC'],
    ]);
    expect(await other.must('PING')).toBe('PONG');
    expect(performance.now() - startedMs).toBeGreaterThan(150);
  });

  test('nothing expires meanwhile, but what should have expired is not seen', async () => {
    const server = await use.server('bundled');
    const client = await server.connect();
    await client.must('SET', 'k', 'v', 'PX', 20);
    await client.must('CLIENT', 'PAUSE', 100_000, 'WRITE');
    await waitFor(async () => (await client.must('GET', 'k')) === null, {
      what: 'the time to pass',
    });
    expect(await client.must('DBSIZE')).toBe(1);
    await client.must('CLIENT', 'UNPAUSE');
    await waitFor(async () => (await client.must('DBSIZE')) === 0, { what: 'the key to expire' });
  });

  test('a transaction with a write waits as a whole', async () => {
    const server = await use.server('bundled');
    const [me, writer] = await Promise.all([server.connect(), server.connect()]);
    await writer.pipeline([['MULTI'], ['SET', 'k', 'v']]);
    await me.must('CLIENT', 'PAUSE', 100_000, 'WRITE');
    writer.send('EXEC');
    await waitFor(async () => (await flagsOf(me)).includes('xb'), { what: 'EXEC to wait' });
    await me.must('CLIENT', 'UNPAUSE');
    expect(await writer.read()).toEqual(['OK']);
  });

  test('a client that goes away while it waits is forgotten', async () => {
    const server = await use.server('bundled');
    const [me, writer] = await Promise.all([server.connect(), server.connect()]);
    await me.must('CLIENT', 'PAUSE', 100_000, 'WRITE');
    writer.send('SET', 'k', 'v');
    await waitFor(async () => (await flagsOf(me)).includes('b'), { what: 'the writer to wait' });
    writer.close();
    await waitFor(async () => (await clientLines(me)).length === 1, { what: 'it to be gone' });
    await me.must('CLIENT', 'UNPAUSE');
    expect(await me.must('EXISTS', 'k')).toBe(0);
  });
});

describe('REPLY', () => {
  /** Each row: requests, and the replies that come of them. */
  const rows: [string, string[], string][] = [
    ['SKIP leaves out the next reply', ['CLIENT REPLY SKIP', 'PING', 'ECHO a'], '$1\r\na\r\n'],
    ['OFF leaves out all until ON', ['CLIENT REPLY OFF', 'PING', 'CLIENT REPLY ON'], '+OK\r\n'],
    ['SKIP while OFF changes nothing', ['CLIENT REPLY OFF', 'CLIENT REPLY SKIP', 'PING'], ''],
    ['errors are left out too', ['CLIENT REPLY SKIP', 'GET', 'PING'], '+PONG\r\n'],
    ['RESET ends OFF', ['CLIENT REPLY OFF', 'RESET', 'PING'], '+RESET\r\n+PONG\r\n'],
    ['RESET can be skipped', ['CLIENT REPLY SKIP', 'RESET', 'PING'], '+PONG\r\n'],
  ];

  for (const kind of ['bundled', 'redis7'] as const) {
    test.for(rows)(`${kind}: %s`, async ([, requests, replies], context) => {
      needServer(context, kind);
      const server = await use.server(kind);
      const client = await server.connect();
      client.sendRaw([...requests, 'CLIENT REPLY ON', 'QUIT', ''].join('\r\n'));
      expect((await client.readToEnd()).toString()).toBe(`${replies}+OK\r\n+OK\r\n`);
    });
  }
});

describe('UNBLOCK', () => {
  test('ends WAIT as if its time were over, or with an error', async () => {
    const server = await use.server('bundled');
    const [me, waiting] = await Promise.all([server.connect(), server.connect()]);
    const id = Number(await waiting.must('CLIENT', 'ID'));
    expect(await me.must('CLIENT', 'UNBLOCK', id)).toBe(0);
    waiting.send('WAIT', 1, 0);
    await waitFor(async () => (await flagsOf(me)).includes('b'), { what: 'WAIT to wait' });
    expect(await me.must('CLIENT', 'UNBLOCK', id)).toBe(1);
    expect(await waiting.read()).toBe(0);
    waiting.send('WAIT', 1, 0);
    waiting.send('PING');
    await waitFor(async () => (await flagsOf(me)).includes('b'), { what: 'WAIT to wait' });
    expect(await me.must('CLIENT', 'UNBLOCK', id, 'ERROR')).toBe(1);
    expect(await waiting.read()).toEqual({
      error: 'UNBLOCKED client unblocked via CLIENT UNBLOCK',
    });
    expect(await waiting.read()).toBe('PONG');
  });
});

async function clientLines(
  client: RespClient,
  ...words: string[]
): Promise<Record<string, string>[]> {
  const reply = await client.must('CLIENT', 'LIST', ...words);
  const text = typeof reply === 'string' ? reply : (reply as { verbatim: string }).verbatim;
  return text.split('\n').filter(Boolean).map(parseLine);
}

/** The flags of all connections, one word for each. */
async function flagsOf(client: RespClient): Promise<string[]> {
  return (await clientLines(client)).map(({ flags }) => flags ?? '');
}

function parseLine(line: string): Record<string, string> {
  const pairs = line.trim().split(' ');
  return Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
}

function fieldNames(list: string): string[] {
  return Object.keys(parseLine(list.split('\n')[0] ?? ''));
}

describe('SETINFO and NO-TOUCH, as Redis 7.2 brought them', () => {
  test('the library is shown once it is known', async () => {
    const server = await use.server('bundled');
    const client = await server.connect();
    expect(await client.must('CLIENT', 'INFO')).not.toContain('lib-');
    await client.must('CLIENT', 'SETINFO', 'LIB-NAME', 'lib(a;b)');
    await client.must('CLIENT', 'SETINFO', 'lib-ver', '1.0');
    expect(await client.must('CLIENT', 'INFO')).toContain(
      ' resp=2 lib-name=lib(a;b) lib-ver=1.0\n',
    );
    expect(await client.command('CLIENT', 'SETINFO', 'lib-name', 'a b')).toEqual({
      error: 'ERR lib-name cannot contain spaces, newlines or special characters.',
    });
    expect(await client.command('CLIENT', 'SETINFO', 'x', 'y')).toEqual({
      error: "ERR Unrecognized option 'x'",
    });
  });

  test('NO-TOUCH leaves the access time to others, and TOUCH sets it', async () => {
    const server = await use.server('bundled');
    const [quiet, other] = [await server.connect(), await server.connect()];
    const idle = async (): Promise<number> => Number(await other.must('OBJECT', 'IDLETIME', 'k'));
    await other.must('SET', 'k', 'v');
    await quiet.must('CLIENT', 'NO-TOUCH', 'ON');
    expect(await quiet.must('CLIENT', 'INFO')).toContain(' flags=T ');
    await waitFor(async () => (await idle()) >= 1, { what: 'a second to pass' });
    await quiet.pipeline([['GET', 'k'], ['MULTI'], ['GET', 'k'], ['EXEC']]);
    expect(await idle()).toBeGreaterThanOrEqual(1);
    await quiet.must('TOUCH', 'k');
    expect(await idle()).toBe(0);
  });
});
