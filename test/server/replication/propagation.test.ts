/** What goes to replicas and to no one type of data belongs; and the stream to the very byte. */
import { expect, test } from 'vitest';
import { testPropagation } from '../../support/propagation.ts';
import { openReplicationStream } from '../../support/replication-stream.ts';
import { encodeCommand } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer, type ServerKind } from '../../support/server-kinds.ts';
import { waitFor } from '../../support/wait-for.ts';

testPropagation(new URL('../../transcripts/commands/server-propagation.txt', import.meta.url));

const use = useResources();

/** How the requests come in must not be seen in how they go out. */
const sentBytes: readonly (string | Buffer)[] = [
  'SET inline value\r\n',
  '  set   "quoted \\x00 one"   \'and two\'  \r\n\r\n',
  encodeCommand(['sEt', 'binary \0\r\n\xff', Buffer.from([0, 13, 10, 255])]),
  '*0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n',
  'GET a\r\nSET c 3\r\n',
  '*-1\r\nSELECT 7\r\nSET d 4\r\nSELECT 7\r\nSET e 5\r\n',
  'MULTI\r\nSET f 6\r\nINCR a\r\nEXEC\r\n',
  'MULTI\r\nSELECT 2\r\nSET g 7\r\nEXEC\r\nSET h 8\r\n',
  'INCRBYFLOAT h 0.5\r\nSPOP nosuch 2\r\nRPUSH l 1 2 3\r\nLPOP l 2\r\nDEL l l\r\n',
  encodeCommand([
    'MSET',
    ...Array.from({ length: 200 }, (_, at) => [`key:${at}`, 'x'.repeat(at * 7)]).flat(),
  ]),
  'FLUSHDB\r\nSELECT 0\r\nFLUSHALL ASYNC\r\n',
];

async function streamOf(kind: ServerKind, cut: number): Promise<string> {
  const server = await use.server(kind, { args: ['--repl-ping-replica-period', '3600'] });
  const [replica, client] = [await server.connect(), await server.connect()];
  replica.sendRaw(encodeCommand(['PSYNC', '?', '-1']));
  await replica.readRawUntil('+FULLRESYNC ');
  await replica.readRawUntil('$');
  const size = (await replica.readRawUntil('\r\n')).toString('latin1').trim();
  await replica.readRaw(Number(size));
  const all = Buffer.concat([
    ...sentBytes.map((bytes) => Buffer.from(bytes)),
    Buffer.from('SET the end\r\n'),
  ]);
  for (let at = 0; at < all.length; at += cut) client.sendRaw(all.subarray(at, at + cut));
  return (await replica.readRawUntil('the\r\n$3\r\nend\r\n')).toString('latin1');
}

test.for([100_000, 1000, 61])(
  'the stream is that of redis-server, byte for byte, for requests in pieces of %i',
  async (cut, context) => {
    needServer(context, 'redis7');
    const theirs = await streamOf('redis7', cut);
    expect(
      theirs.startsWith('*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$6\r\ninline'),
    ).toBe(true);
    expect(await streamOf('bundled', cut)).toBe(theirs);
  },
);

const marker = 'all that came before';

/** What the server does by itself, as its replicas hear of it. */
async function unasked(kind: ServerKind, lazy: 'yes' | 'no'): Promise<string[][]> {
  const server = await use.server(kind, {
    args: ['--lazyfree-lazy-eviction', lazy, '--lazyfree-lazy-expire', lazy],
  });
  const stream = await openReplicationStream(server);
  const client = await server.connect();
  // A key that nobody asks for after its time.
  await client.must('SELECT', 3);
  await client.must('SET', 'mortal', 'v', 'PX', 1);
  await waitFor(async () => (await client.must('DBSIZE')) === 0);
  // One key, and so much less room than it takes.
  await client.must('SELECT', 0);
  await client.must('SET', 'victim', 'v'.repeat(2_000_000));
  const used = Number(await server.info('used_memory'));
  await client.must('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await client.must('CONFIG', 'SET', 'maxmemory', used - 1_000_000);
  await waitFor(async () => (await client.must('DBSIZE')) === 0);
  await client.must('CONFIG', 'SET', 'maxmemory', 0);
  await client.must('SET', marker, '');
  const commands = await stream.readUntilSet(marker);
  return commands.map((words) => words.slice(0, 2));
}

test.for(['no', 'yes'] as const)(
  'what expires and is evicted is propagated as redis-server does, lazily: %s',
  async (lazy, context) => {
    needServer(context, 'redis7');
    const theirs = await unasked('redis7', lazy);
    const verb = lazy === 'yes' ? 'UNLINK' : 'DEL';
    expect(theirs).toEqual([
      ['SELECT', '3'],
      ['SET', 'mortal'],
      [verb, 'mortal'],
      ['SELECT', '0'],
      ['SET', 'victim'],
      [verb, 'victim'],
    ]);
    expect(await unasked('bundled', lazy)).toEqual(theirs);
  },
);
