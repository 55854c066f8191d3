/**
 * Random commands on strings, keys and times to live: whatever the master does with them, its
 * replicas of other kinds must end with the same data. This is what finds a command that is
 * propagated as it came though it must be rewritten, or the other way round.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/util/random.ts';
import { needServer, type ServerKind } from '../support/server-kinds.ts';
import { resourcesOf } from './support/resources.ts';
import { expectInStep, useReplica } from './support/topology.ts';

const seeds = [1, 2];
const batches = 12;
const commandsPerBatch = 400;

const trees: readonly (readonly [master: ServerKind, ...replicas: ServerKind[]])[] = [
  ['bundled', 'bundled', 'redis7'],
  ['bundled', 'redis8', 'valkey8'],
  ['redis7', 'bundled'],
  ['redis8', 'bundled'],
  ['valkey8', 'bundled'],
];

const cases = trees.flatMap((tree) =>
  seeds.map((seed) => ({ name: tree.join(' → '), tree, seed })),
);

test.concurrent.for(cases)('$name, seed $seed', async ({ tree, seed }, context) => {
  const [masterKind, ...replicaKinds] = tree;
  needServer(context, masterKind, ...replicaKinds);
  const use = resourcesOf(context);
  const master = await use.server(masterKind);
  const replicas = await Promise.all(replicaKinds.map((kind) => useReplica(use, kind, master)));
  const client = await use.client(master);
  const next = commandSource(seed);
  for (let batch = 0; batch < batches; batch++) {
    // A transaction is one entry of several commands.
    const commands = Array.from({ length: commandsPerBatch }, next).flat();
    await client.pipeline([...commands, ['SET', 'never empty', '1']]);
    if (batch % 4 === 3) await expectInStep(master, ...replicas);
  }
  expect(await master.info('sync_full')).toBe(String(replicas.length));
});
/** Gives a command, or now and then a transaction, each time it is called. */
function commandSource(seed: number): () => string[][] {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random.float() * limit);
  const one = <T>(list: readonly T[]): T => list[below(list.length)];
  const key = (): string => `k${below(30)}`;
  const db = (): string => String(below(3));
  const integer = (): string => String(below(2000) - 1000);
  const text = (): string => 'v'.repeat(one([0, 3, 30, 20_000]));
  const value = (): string => (below(3) === 0 ? text() : integer());
  const ttlMs = (): string => one(['1', '20', '500', '100000']);
  const setOptions = (): string[] =>
    one([
      [],
      [],
      [],
      ['PX', ttlMs()],
      ['EX', '100'],
      ['PXAT', '1'],
      ['KEEPTTL'],
      ['NX'],
      ['XX'],
      ['GET'],
    ]);

  const commands: readonly (() => string[])[] = [
    () => ['SET', key(), value(), ...setOptions()],
    () => ['SETNX', key(), value()],
    () => ['PSETEX', key(), ttlMs(), value()],
    () => ['MSET', key(), value(), key(), value()],
    () => ['MSETNX', key(), value(), key(), value()],
    () => ['GETSET', key(), value()],
    () => ['GETDEL', key()],
    () => ['GETEX', key(), ...one([[], ['PERSIST'], ['PX', ttlMs()], ['EXAT', '4102444800']])],
    () => ['APPEND', key(), value()],
    () => ['SETRANGE', key(), String(below(40)), value()],
    () => ['INCR', key()],
    () => ['DECRBY', key(), integer()],
    () => ['INCRBYFLOAT', key(), `0.${below(1000)}`],
    () => ['SETBIT', key(), String(below(500)), String(below(2))],
    () => ['BITOP', one(['AND', 'OR', 'XOR']), key(), key(), key()],
    () => ['BITOP', 'NOT', key(), key()],
    // Not OVERFLOW FAIL: a real master does not tell its replicas that the string has grown.
    () => ['BITFIELD', key(), 'OVERFLOW', one(['SAT', 'WRAP']), 'INCRBY', 'i9', '#3', integer()],
    () => ['PFADD', key(), integer(), integer(), integer()],
    () => ['PFCOUNT', key()],
    () => ['PFMERGE', key(), key(), key()],
    () => ['PEXPIRE', key(), ttlMs(), ...one([[], ['NX'], ['XX'], ['GT'], ['LT']])],
    () => ['EXPIREAT', key(), '1'],
    () => ['PERSIST', key()],
    () => ['DEL', key(), key()],
    () => ['UNLINK', key()],
    () => ['RENAME', key(), key()],
    () => ['RENAMENX', key(), key()],
    () => ['COPY', key(), key(), ...one([[], ['REPLACE'], ['DB', db()]])],
    () => ['MOVE', key(), db()],
    () => ['SELECT', db()],
    () => (below(20) === 0 ? ['SWAPDB', db(), db()] : ['GET', key()]),
    () => (below(40) === 0 ? ['FLUSHDB'] : ['TOUCH', key()]),
    () => ['EXISTS', key(), key()],
  ];
  const command = (): string[] => one(commands)();
  return () => (below(20) === 0 ? [['MULTI'], command(), command(), ['EXEC']] : [command()]);
}
