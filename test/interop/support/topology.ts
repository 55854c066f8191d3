/** What the interop tests share: data that tries every corner of every type, replicas, pairs of kinds. */
import {
  comparableCollections,
  largeCollections,
  storeCommands,
} from '../../rdb/sample-collections.ts';
import { serverKinds, startServer, type ServerKind } from '../../support/server-kinds.ts';
import { expectSameDigest, waitForSync } from '../../support/digest.ts';
import type { Resources } from '../../support/resources.ts';
import type { RespArg } from '../../support/resp-client.ts';
import type { ServerOptions, TestServer } from '../../support/server-process.ts';

/** Several servers a test and several tests at a time: on a busy machine that takes a while. */
export const patient = { timeout: 90_000 };

/** A server of kind `replica` can load what a server of kind `master` sends. */
export function canFollow(replica: ServerKind, master: ServerKind): boolean {
  // 7.0 knows RDB up to version 10; 8.x write 11 and 12.
  if (replica === 'redis7') return master === 'bundled' || master === 'redis7';
  // Redis and Valkey went apart at version 12 of the format. [Redis 8.0, Valkey 8.1]
  return replica !== 'valkey8' || master !== 'redis8';
}

/** The pairs in which one at least is ours; what real servers do with each other is theirs. */
export const pairs: readonly (readonly [master: ServerKind, replica: ServerKind])[] = [
  ...serverKinds.map((master) => [master, 'bundled'] as const),
  ...serverKinds.slice(1).map((replica) => ['bundled', replica] as const),
].filter(([master, replica]) => canFollow(replica, master));

export function replicaArgs(master: { port: number }): string[] {
  return ['--replicaof', `127.0.0.1 ${master.port}`];
}

export function useReplica(
  use: Resources,
  kind: ServerKind,
  master: { port: number },
  options: ServerOptions = {},
): Promise<TestServer> {
  const args = [...replicaArgs(master), ...(options.args ?? [])];
  return use.add(startServer(kind, { ...options, args }));
}

/** Offsets are equal and so are the data, and every backlog ends where the stream does. */
export async function expectInStep(master: TestServer, ...replicas: TestServer[]): Promise<void> {
  await waitForSync(master, ...replicas);
  for (const server of [master, ...replicas]) await expectWholeBacklog(server);
  const digest = await expectSameDigest(master, ...replicas);
  if (/^0+$/.test(digest)) throw new Error('the servers are empty: that proves nothing');
}

/** `repl_backlog_first_byte_offset + repl_backlog_histlen = master_repl_offset + 1`, at any time. */
async function expectWholeBacklog(server: TestServer): Promise<void> {
  const client = await server.connect();
  const text = (await client.must('INFO', 'replication')) as string;
  client.close();
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1]);
  const end = field('repl_backlog_first_byte_offset') + field('repl_backlog_histlen');
  if (field('repl_backlog_active') !== 1 || end === field('master_repl_offset') + 1) return;
  throw new Error(`a backlog of ${server.kind} that ends at ${end}:\n${text}`);
}

const compressible = 'abcdefgh'.repeat(5000);
const incompressible = Array.from({ length: 30_000 }, (_, at) =>
  String.fromCharCode((at * at * 31 + at * 7) % 251),
).join('');

const collections = Object.entries({ ...comparableCollections(), ...largeCollections() });
const stream: readonly (readonly RespArg[])[] = [
  ['DEL', 'stream'],
  ...Array.from({ length: 300 }, (_, at) => ['XADD', 'stream', `${at}-1`, 'f', `v${at}`] as const),
  ['XDEL', 'stream', '7-1', '8-1'],
  ['XGROUP', 'CREATE', 'stream', 'group', '100-1'],
  ['XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', 5, 'STREAMS', 'stream', '>'],
  ['XACK', 'stream', 'group', '102-1'],
];

/** Every form that a value has in an RDB, in several databases, with and without a time to live. */
export const sampleData: readonly (readonly RespArg[])[] = [
  ['SET', 'text', 'hello'],
  ['SET', 'empty', ''],
  ['SET', '', 'the empty key'],
  ['SET', 'binary\x00\xff\r\n', '\x00\r\n\xff\xfe'],
  ...[0, -1, 127, -128, 128, 32_767, -32_769, 2_147_483_647, -2_147_483_648].map(
    (number) => ['SET', `integer:${number}`, String(number)] as const,
  ),
  ['SET', 'longer integer', '9223372036854775807'],
  ['SET', 'no integer', '007'],
  ['SET', 'compressible', compressible],
  ['SET', 'incompressible', incompressible],
  ['SET', 'long', 'z'.repeat(300_000)],
  ['SET', 'expires', 'later', 'PX', 100_000_000],
  ['SET', 'expires at', 'later', 'PXAT', 4_102_444_800_123],
  ['SELECT', 9],
  ['MSET', ...Array.from({ length: 600 }, (_, at) => [`key:${at}`, `value:${at}`]).flat()],
  ['EXPIRE', 'key:7', 100_000],
  ['SELECT', 3],
  ['SETRANGE', 'raw', 10, 'built in place'],
  ...collections.flatMap(([key, value]) => storeCommands(Buffer.from(key), value)),
  ['PEXPIREAT', 'set:large', 4_102_444_800_321],
  ...stream,
];

/** Changes that come over the stream: as sent, rewritten, in transactions, in several databases. */
export const sampleStream: readonly (readonly RespArg[])[] = [
  ['SET', 'k', 'v'],
  ['SET', 'k', 'v', 'EX', 1000],
  ['SET', 'k', 'w', 'KEEPTTL'],
  ['GETEX', 'k', 'PERSIST'],
  ['SETEX', 'k2', 1000, 'v'],
  ['PSETEX', 'k3', 1_000_000, 'v'],
  ['EXPIRE', 'k', 500],
  ['PEXPIREAT', 'k2', 4_102_444_800_000],
  ['INCR', 'counter'],
  ['INCRBY', 'counter', -20],
  ['INCRBYFLOAT', 'float', '0.1'],
  ['INCRBYFLOAT', 'float', '0.2'],
  ['APPEND', 'text', ' and more'],
  ['SETRANGE', 'text', 3, '\x00\xff'],
  ['MSETNX', 'm1', '1', 'm2', '2'],
  ['SELECT', 9],
  ['DEL', 'key:1', 'key:2', 'not there'],
  ['RENAME', 'key:3', 'renamed'],
  ['COPY', 'key:4', 'copied', 'DB', 2],
  ['MOVE', 'key:5', 1],
  ['MULTI'],
  ['SET', 'in a transaction', '1'],
  ['SELECT', 4],
  ['SET', 'in another database', '1'],
  ['EXEC'],
  ['SWAPDB', 4, 5],
  ['GETDEL', 'not there'],
  ['SELECT', 0],
  ['SET', 'gone', 'v'],
  ['GETDEL', 'gone'],
  ['SET', 'past', 'v'],
  ['EXPIREAT', 'past', 1],
  ['SET', 'at once', 'v', 'PXAT', 1],
  ['SELECT', 3],
  ['LPOP', 'list:large', 700],
  ['LINSERT', 'list', 'BEFORE', 'a', 'inserted'],
  ['LMOVE', 'list', 'list:large', 'RIGHT', 'LEFT'],
  ['SPOP', 'set:large', 20],
  ['SPOP', 'set'],
  ['SADD', 'set:16', 'no integer any more'],
  ['SUNIONSTORE', 'set:all', 'set', 'set:large'],
  ['HDEL', 'hash:large', 'field 3', 'field 1400'],
  ['HINCRBYFLOAT', 'hash:integers', '3', '0.25'],
  ['ZINCRBY', 'zset:large', 3, 'member 8'],
  ['ZPOPMIN', 'zset:large', 10],
  ['ZRANGESTORE', 'zset:part', 'zset:large', 5, 500],
  ['HSET', 'hash', 'f', 'v'],
  ['RENAME', 'hash', 'hash:renamed'],
  ['COPY', 'zset:large', 'zset:copied'],
  ['MOVE', 'list:large', 5],
  ['XADD', 'stream', 'MAXLEN', '~', 100, '*', 'other field', 'v'],
  ['XGROUP', 'DESTROY', 'stream', 'group'],
  ['XGROUP', 'CREATE', 'stream', 'group', 0],
  ['XREADGROUP', 'GROUP', 'group', 'other', 'COUNT', 3, 'STREAMS', 'stream', '>'],
  ['SELECT', 0],
];

export async function write(
  server: TestServer,
  commands: readonly (readonly RespArg[])[],
): Promise<void> {
  const client = await server.connect();
  const replies = await client.pipeline(commands);
  const failed = replies.findIndex(
    (one) => typeof one === 'object' && one !== null && 'error' in one,
  );
  client.close();
  if (failed === -1) return;
  throw new Error(
    `${String(commands[failed][0])} on ${server.kind}: ${JSON.stringify(replies[failed])}`,
  );
}
