/**
 * A data set of every type on a master, damage of every kind on its replica, and a writer that goes
 * on meanwhile: for the tests and the bench of `repl verify`. Everything follows from one seed.
 */
import { seededRandom, type Random } from '../../../src/util/random.ts';
import {
  connectResp,
  encodeCommand,
  type RespArg,
  type RespClient,
} from '../../support/resp-client.ts';
import type { TestServer } from '../../support/server-process.ts';
import type { DifferenceKind } from '../../../src/topology/verify/key-state.ts';

type Command = readonly RespArg[];

/** A million keys on a busy machine: a server that copies them answers late. */
const answerTimeoutMs = 120_000;

/** Requests in one write while the data set is filled. */
const fillTogether = 1000;

/** Nobody waits for these to expire. */
const farFutureMs = 4_000_000_000_000;

/** Fields of the large hash, a slice of which is not the whole. */
const largeFields = 5000;

/** Names say the type; every tenth key has a time to live. */
const types = [
  'string',
  'string',
  'string',
  'string',
  'string',
  'hash',
  'list',
  'set',
  'zset',
  'stream',
];

export function keyName(at: number): string {
  return `${types[at % types.length]}:${at}`;
}

function make(at: number, random: Random): Command[] {
  const key = keyName(at);
  const text = (): string => random.bytes(6).toString('hex');
  const create: Record<string, () => Command> = {
    string: () => ['SET', key, text().repeat(1 + (at % 9))],
    hash: () => ['HSET', key, 'a', text(), 'b', text(), 'c', String(at)],
    list: () => ['RPUSH', key, text(), text(), text(), String(at)],
    set: () => ['SADD', key, text(), text(), String(at)],
    zset: () => ['ZADD', key, random.float(), text(), at, text(), '-inf', text()],
    stream: () => ['XADD', key, `${1 + at}-1`, 'field', text()],
  };
  const commands = [create[types[at % types.length]]()];
  if (at % 7 === 0) commands.push(['PEXPIREAT', key, farFutureMs + at]);
  return commands;
}

/** `count` keys, some of them in database 3, and some that are large. */
export async function fill(master: TestServer, count: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const client = await connectTo(master);
  let batch: Command[] = [];
  const flush = async (): Promise<void> => {
    await client.exchange(Buffer.concat(batch.map(encodeCommand)), batch.length);
    batch = [];
  };
  for (let at = 0; at < count; at++) {
    batch.push(...make(at, random));
    if (batch.length >= fillTogether) await flush();
  }
  batch.push(...largeValues(random));
  batch.push(['SELECT', '3'], ...make(0, random), ['SET', 'in:three', 'x']);
  await flush();
  client.close();
}

function largeValues(random: Random): Command[] {
  const numbers = Array.from({ length: largeFields }, (_, at) => at);
  return [
    ['HSET', 'large:hash', ...numbers.flatMap((at) => [`field${at}`, random.bytes(20)])],
    ['RPUSH', 'large:list', ...numbers.map(() => random.bytes(100))],
    ['SADD', 'large:set', ...numbers.map((at) => `member${at}`)],
    ['ZADD', 'large:zset', ...numbers.flatMap((at) => [random.float(), `member${at}`])],
    ['SET', 'large:string', random.bytes(1_000_000)],
    ...numbers
      .slice(0, 500)
      .map((at) => ['XADD', 'large:stream', `${at + 1}-0`, 'f', random.bytes(50)]),
  ];
}

interface Damage {
  readonly kind: DifferenceKind;
  /** On what type of key; undefined for a key that is not there. */
  readonly type: string | undefined;
  readonly commands: (key: string) => Command[];
}

/** Kinds of damage, in turn. Those to strings keep the length. */
const damages: readonly Damage[] = [
  { kind: 'value', type: 'string', commands: (key) => [['SETRANGE', key, 3, '\u0000']] },
  { kind: 'missing', type: 'string', commands: (key) => [['DEL', key]] },
  { kind: 'extra', type: undefined, commands: (key) => [['SET', key, 'x']] },
  {
    kind: 'extra',
    type: undefined,
    commands: (key) => [
      ['HSET', key, 'a', 'b'],
      ['EXPIRE', key, 9999],
    ],
  },
  {
    kind: 'type',
    type: 'string',
    commands: (key) => [
      ['DEL', key],
      ['RPUSH', key, 'x'],
    ],
  },
  { kind: 'value', type: 'hash', commands: (key) => [['HSET', key, 'b', 'other value!']] },
  { kind: 'value', type: 'list', commands: (key) => [['LSET', key, 1, 'other value!']] },
  { kind: 'value', type: 'set', commands: (key) => [['SADD', key, 'one more']] },
  { kind: 'value', type: 'zset', commands: (key) => [['ZADD', key, 1e-9, 'one more']] },
  {
    kind: 'value',
    type: 'stream',
    commands: (key) => [['XADD', key, '9999999999-1', 'field', 'x']],
  },
  { kind: 'ttl', type: 'string', commands: (key) => [['PEXPIREAT', key, farFutureMs - 60_000]] },
  { kind: 'ttl', type: 'hash', commands: (key) => [['PEXPIREAT', key, farFutureMs - 60_000]] },
];

/** Once each, on the large values and in the other database. */
const largeDamages: readonly (readonly [key: string, kind: DifferenceKind, command: Command])[] = [
  ['large:hash', 'value', ['HSET', 'large:hash', 'field4321', 'x']],
  ['large:list', 'value', ['LSET', 'large:list', 4321, 'x']],
  ['large:set', 'value', ['SREM', 'large:set', 'member4321']],
  ['large:zset', 'value', ['ZADD', 'large:zset', 2, 'member4321']],
  ['large:string', 'value', ['SETRANGE', 'large:string', 765_432, 'other bytes']],
  ['large:stream', 'value', ['XDEL', 'large:stream', '321-0']],
];

/** What must be found: `db key` → what is different. */
export type Expected = Map<string, DifferenceKind>;

/** Damages the replica in `count` places, by its own hand. Keys below `first` are left alone. */
export async function damage(
  replica: TestServer,
  options: { keys: number; count: number; seed: number },
): Promise<Expected> {
  const { keys, count, seed } = options;
  const random = seededRandom(seed);
  const expected: Expected = new Map();
  const commands: Command[] = [];
  for (const [key, kind, command] of largeDamages) {
    expected.set(`0 ${key}`, kind);
    commands.push(command);
  }
  for (let at = 0; expected.size < count - 1; at++) {
    const { kind, type, commands: does } = damages[at % damages.length];
    const key = type === undefined ? `extra:${at}` : pick(type, keys, random);
    if (expected.has(`0 ${key}`)) continue;
    expected.set(`0 ${key}`, kind);
    commands.push(...does(key));
  }
  expected.set('3 in:three', 'value');
  commands.push(['SELECT', 3], ['SET', 'in:three', 'y']);
  await writeOnReplica(replica, commands);
  return expected;
}

function pick(type: string, keys: number, random: Random): string {
  for (;;) {
    const at = damagedFrom(keys) + Math.floor(random.float() * (keys - damagedFrom(keys)));
    if (types[at % types.length] === type) return keyName(at);
  }
}

/** The writer keeps to the keys before this one: what it overwrites is no longer damaged. */
function damagedFrom(keys: number): number {
  return Math.floor(keys * 0.9);
}

function connectTo({ port }: TestServer): Promise<RespClient> {
  return connectResp({ port, timeoutMs: answerTimeoutMs });
}

async function writeOnReplica(replica: TestServer, commands: readonly Command[]): Promise<void> {
  const client = await connectTo(replica);
  await client.must('CONFIG', 'SET', 'replica-read-only', 'no');
  for (const command of commands) await client.must(...command);
  await client.must('CONFIG', 'SET', 'replica-read-only', 'yes');
  client.close();
}

export interface Writer {
  readonly writes: number;
  stop(): Promise<void>;
}

const writerPeriodMs = 10;

/** Writes to the master, so many times a second: every type, short lives, and one key all the time. */
export async function startWriter(
  master: TestServer,
  options: { keys: number; writesPerSecond: number; seed: number },
): Promise<Writer> {
  const { keys, writesPerSecond, seed } = options;
  const random = seededRandom(seed);
  const client = await connectTo(master);
  const startedMs = performance.now();
  let writes = 0;
  let pending: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) / 1000) * writesPerSecond) - writes;
    if (due <= 0) return;
    const commands = Array.from({ length: due }, () => drawWrite(damagedFrom(keys), random));
    writes += due;
    pending = send(client, commands);
  }, writerPeriodMs);
  return {
    get writes() {
      return writes;
    },
    async stop() {
      clearInterval(timer);
      await pending;
      client.close();
    },
  };
}

async function send(client: RespClient, commands: readonly Command[]): Promise<void> {
  await client.exchange(Buffer.concat(commands.map(encodeCommand)), commands.length);
}

function drawWrite(keys: number, random: Random): Command {
  const at = Math.floor(random.float() * keys);
  const key = keyName(at);
  const text = random.bytes(6).toString('hex');
  const choice = random.float();
  if (choice < 0.05) return ['INCR', 'hot:counter'];
  if (choice < 0.1)
    return ['SET', `short:${text}`, text, 'PX', 20 + Math.floor(random.float() * 400)];
  if (choice < 0.15) return ['DEL', key];
  if (choice < 0.2) return ['PEXPIREAT', key, farFutureMs + at];
  const writes: Record<string, Command> = {
    string: ['SET', key, text],
    hash: ['HSET', key, 'b', text],
    list: ['LPUSH', key, text],
    set: ['SADD', key, text],
    zset: ['ZADD', key, random.float(), text],
    stream: ['XADD', key, '*', 'field', text],
  };
  return writes[types[at % types.length]];
}
