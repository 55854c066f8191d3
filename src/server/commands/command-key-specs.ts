/**
 * Where a command's keys are and what it does to them, and the hints for proxies: the columns of
 * COMMAND INFO beyond the command table, as Redis 7.0.15 has them. A command that is not named here
 * has one range of keys, the `keys` of its row, which it reads (`readonly`) or changes (`write`).
 */
import type { Call } from '../call.ts';
import type { Command } from '../command.ts';

export type KeyFlag =
  | 'RO' // the value is read
  | 'RW' // read and changed
  | 'OW' // overwritten, whatever it was
  | 'RM' // removed
  | 'access' // the value's content comes back, or is copied
  | 'update'
  | 'insert'
  | 'delete'
  | 'not_key' // a name that only decides the shard
  | 'variable_flags' // depends on the arguments
  | 'incomplete'; // the search may miss some keys

export interface KeySpec {
  readonly flags: readonly KeyFlag[];
  readonly notes?: string;
  /** An argument's place, a word after which they come, or not to be told. */
  readonly begin: number | { readonly keyword: string; readonly startFrom: number } | 'unknown';
  /**
   * The last key, counted from the first (−1: the last argument), and the step; or that the number
   * of keys stands at `begin` and the keys behind it.
   */
  readonly range: readonly [last: number, step: number, share?: number] | 'counted' | 'unknown';
}

const one = [0, 1] as const;
const toEnd = [-1, 1] as const;
/** As many other arguments follow the keys. */
const firstHalf = [-1, 1, 2] as const;

/** Commands whose single range of keys has other flags than the default's. */
const flagGroups: readonly (readonly [flags: readonly KeyFlag[], ...commands: string[]])[] = [
  [['RO'], 'exists', 'touch', 'strlen', 'type', 'watch'],
  [['RO'], 'memory|usage'],
  [['RO'], 'object|encoding', 'object|freq', 'object|idletime', 'object|refcount'],
  [['RW', 'insert'], 'append', 'pfadd'],
  [['RW', 'access'], 'pfdebug'],
  [['RW', 'insert'], 'hsetnx', 'sadd', 'lpush', 'rpush', 'lpushx', 'rpushx', 'linsert'],
  [['RW', 'delete'], 'hdel', 'srem', 'lrem', 'ltrim'],
  [['OW', 'update'], 'mset', 'psetex', 'setex', 'restore', 'restore-asking'],
  [['OW', 'insert'], 'msetnx', 'setnx'],
  [['not_key'], 'ssubscribe', 'sunsubscribe', 'spublish'],
  [['RM', 'delete'], 'del', 'unlink'],
  [['RW', 'access', 'delete'], 'hgetdel', 'getdel', 'spop', 'lpop', 'rpop', 'blpop', 'brpop'],
  [['RO'], 'llen', 'hlen', 'hstrlen', 'hexists', 'scard', 'sismember'],
  [['RW', 'update'], 'hset', 'hmset', 'lset'],
  [['RW', 'update'], 'hexpire', 'hpexpire', 'hexpireat', 'hpexpireat', 'hpersist', 'hsetex'],
  [['RO'], 'xlen'],
  [['RW', 'delete'], 'xautoclaim', 'xdel', 'xgroup|delconsumer', 'xgroup|destroy', 'xtrim'],
  [['RW', 'insert'], 'xgroup|create', 'xgroup|createconsumer'],
  [['RW', 'update'], 'xack', 'xclaim', 'xgroup|setid', 'xsetid'],
  [['RW', 'update'], 'expire', 'expireat', 'pexpire', 'pexpireat', 'persist', 'setrange'],
  [['RO'], 'zcard'],
  [['RW', 'update'], 'zadd', 'geoadd'],
  [['RW', 'access', 'delete'], 'zpopmin', 'zpopmax', 'bzpopmin', 'bzpopmax'],
  [['RW', 'delete'], 'zrem', 'zremrangebylex', 'zremrangebyrank', 'zremrangebyscore'],
];

const movesElement: readonly KeySpec[] = [
  { flags: ['RW', 'access', 'delete'], begin: 1, range: one },
  { flags: ['RW', 'insert'], begin: 2, range: one },
];

const storesAllOthers: readonly KeySpec[] = [
  { flags: ['OW', 'update'], begin: 1, range: one },
  { flags: ['RO', 'access'], begin: 2, range: toEnd },
];

const storesOne: readonly KeySpec[] = [
  { flags: ['OW', 'update'], begin: 1, range: one },
  { flags: ['RO', 'access'], begin: 2, range: one },
];
const readsCounted: readonly KeySpec[] = [{ flags: ['RO', 'access'], begin: 1, range: 'counted' }];
const storesCounted: readonly KeySpec[] = [
  { flags: ['OW', 'update'], begin: 1, range: one },
  { flags: ['RO', 'access'], begin: 2, range: 'counted' },
];

/** Commands with several specs, or with something to say about one. */
const specialSpecs: Readonly<Record<string, readonly KeySpec[]>> = {
  set: [
    {
      flags: ['RW', 'access', 'update', 'variable_flags'],
      notes: 'With GET the old value is read too',
      begin: 1,
      range: one,
    },
  ],
  getex: [
    {
      flags: ['RW', 'access', 'update'],
      notes: 'Counts as a change because of the time to live',
      begin: 1,
      range: one,
    },
  ],
  hgetex: [
    {
      flags: ['RW', 'access', 'update'],
      notes: 'Counts as a change because of the times to live',
      begin: 1,
      range: one,
    },
  ],
  bitfield: [
    {
      flags: ['RW', 'access', 'update', 'variable_flags'],
      notes: 'Reads, changes, or both, as its operations say',
      begin: 1,
      range: one,
    },
  ],
  bitop: [
    { flags: ['OW', 'update'], begin: 2, range: one },
    { flags: ['RO', 'access'], begin: 3, range: toEnd },
  ],
  pfcount: [
    {
      flags: ['RW', 'access'],
      notes: 'Counts as a change because the estimate is kept, and replicas are told',
      begin: 1,
      range: toEnd,
    },
  ],
  pfmerge: [
    { flags: ['RW', 'access', 'insert'], begin: 1, range: one },
    { flags: ['RO', 'access'], begin: 2, range: toEnd },
  ],
  smove: movesElement,
  lmove: movesElement,
  blmove: movesElement,
  rpoplpush: movesElement,
  brpoplpush: movesElement,
  lmpop: [{ flags: ['RW', 'access', 'delete'], begin: 1, range: 'counted' }],
  blmpop: [{ flags: ['RW', 'access', 'delete'], begin: 2, range: 'counted' }],
  sintercard: readsCounted,
  sinterstore: [
    { flags: ['RW', 'update'], begin: 1, range: one },
    { flags: ['RO', 'access'], begin: 2, range: toEnd },
  ],
  sunionstore: storesAllOthers,
  sdiffstore: storesAllOthers,
  xadd: [
    {
      flags: ['RW', 'update'],
      notes: 'Does not only add: it may trim',
      begin: 1,
      range: one,
    },
  ],
  xread: [
    {
      flags: ['RO', 'access'],
      begin: { keyword: 'STREAMS', startFrom: 1 },
      range: firstHalf,
    },
  ],
  xreadgroup: [
    {
      flags: ['RO', 'access'],
      begin: { keyword: 'STREAMS', startFrom: 4 },
      range: firstHalf,
    },
  ],
  copy: [
    { flags: ['RO', 'access'], begin: 1, range: one },
    { flags: ['OW', 'update'], begin: 2, range: one },
  ],
  rename: [
    { flags: ['RW', 'access', 'delete'], begin: 1, range: one },
    { flags: ['OW', 'update'], begin: 2, range: one },
  ],
  renamenx: [
    { flags: ['RW', 'access', 'delete'], begin: 1, range: one },
    { flags: ['OW', 'insert'], begin: 2, range: one },
  ],
  zmpop: [{ flags: ['RW', 'access', 'delete'], begin: 1, range: 'counted' }],
  bzmpop: [{ flags: ['RW', 'access', 'delete'], begin: 2, range: 'counted' }],
  zunion: readsCounted,
  zinter: readsCounted,
  zdiff: readsCounted,
  zintercard: readsCounted,
  zunionstore: storesCounted,
  zinterstore: storesCounted,
  zdiffstore: storesCounted,
  zrangestore: storesOne,
  geosearchstore: storesOne,
  georadius: storesIfAsked(6),
  georadiusbymember: storesIfAsked(5),
  migrate: [
    { flags: ['RW', 'access', 'delete'], begin: 3, range: one },
    {
      flags: ['RW', 'access', 'delete', 'incomplete'],
      begin: { keyword: 'KEYS', startFrom: -2 },
      range: toEnd,
    },
  ],
  sort: [
    { flags: ['RO', 'access'], begin: 1, range: one },
    {
      flags: ['RO', 'access'],
      notes: 'BY and GET: these names are made from the elements',
      begin: 'unknown',
      range: 'unknown',
    },
    {
      flags: ['OW', 'update'],
      notes: 'STORE may stand anywhere among the options',
      begin: 'unknown',
      range: 'unknown',
    },
  ],
  sort_ro: [
    { flags: ['RO', 'access'], begin: 1, range: one },
    {
      flags: ['RO', 'access'],
      notes: 'BY and GET: these names are made from the elements',
      begin: 'unknown',
      range: 'unknown',
    },
  ],
};

const anyShard = 'request_policy:all_shards';
const shardByShard = 'request_policy:multi_shard';
const allSucceeded = 'response_policy:all_succeeded';
const sum = 'response_policy:agg_sum';
const varies = 'nondeterministic_output';
const anyOrder = 'nondeterministic_output_order';

/** Hints for proxies and clients: which shards to ask, and whether the answer repeats. */
const tips: readonly (readonly [tips: readonly string[], ...commands: string[]])[] = [
  [[anyShard, allSucceeded], 'ping', 'flushall', 'flushdb'],
  [[anyShard, allSucceeded], 'memory|purge'],
  [
    [varies, anyShard, 'response_policy:special'],
    'memory|doctor',
    'memory|malloc-stats',
    'memory|stats',
  ],
  [[anyShard, sum], 'dbsize'],
  [[anyShard, 'response_policy:agg_min'], 'wait', 'waitaof'],
  [[anyShard, anyOrder], 'keys'],
  [[anyShard, varies], 'randomkey'],
  [[shardByShard], 'mget'],
  [[shardByShard, sum], 'del', 'unlink', 'exists', 'touch'],
  [[shardByShard, allSucceeded], 'mset'],
  [[shardByShard, 'response_policy:agg_min'], 'msetnx'],
  [
    [varies],
    'cluster|bumpepoch',
    'cluster|count-failure-reports',
    'cluster|getkeysinslot',
    'cluster|info',
    'cluster|links',
    'cluster|nodes',
    'cluster|replicas',
    'cluster|shards',
    'cluster|slaves',
    'cluster|slots',
  ],
  [[varies], 'client|list', 'client|info', 'dump', 'lastsave', 'migrate', 'pttl', 'time', 'ttl'],
  [[varies], 'object|encoding', 'object|freq', 'object|idletime', 'object|refcount'],
  [[varies, 'request_policy:special'], 'scan'],
  [[varies, anyShard, 'response_policy:special'], 'info'],
  [
    [varies],
    'httl',
    'hpttl',
    'hrandfield',
    'hscan',
    'zrandmember',
    'zscan',
    'spop',
    'srandmember',
    'sscan',
  ],
  [[varies], 'xadd', 'xautoclaim', 'xclaim', 'xinfo|consumers', 'xpending', 'xtrim'],
  [[anyOrder], 'hkeys', 'hvals', 'hgetall', 'smembers', 'sinter', 'sunion', 'sdiff'],
  [[anyOrder], 'module|list'],
  [[anyOrder], 'command', 'command|docs', 'command|info', 'command|list'],
  [
    ['request_policy:all_nodes', allSucceeded],
    'config|set',
    'client|setinfo',
    'latency|reset',
    'slowlog|reset',
  ],
  [['request_policy:all_nodes', sum, varies], 'slowlog|len'],
  [['request_policy:all_nodes', varies], 'slowlog|get'],
  [
    [varies, 'request_policy:all_nodes', 'response_policy:special'],
    'latency|doctor',
    'latency|graph',
    'latency|histogram',
    'latency|history',
    'latency|latest',
  ],
];

/** GEORADIUS: the words of the options begin at argument `startFrom`. */
function storesIfAsked(startFrom: number): readonly KeySpec[] {
  return [
    { flags: ['RO', 'access'], begin: 1, range: one },
    { flags: ['OW', 'update'], begin: { keyword: 'STORE', startFrom }, range: one },
    { flags: ['OW', 'update'], begin: { keyword: 'STOREDIST', startFrom }, range: one },
  ];
}

export function keySpecsOf(command: Command): readonly KeySpec[] {
  const special = specialSpecs[command.fullName];
  if (special !== undefined) return special;
  const { keys } = command.spec;
  if (keys === undefined) return [];
  const [first, last, step] = keys;
  const flags = rowOf(flagGroups, command.fullName) ?? defaultFlags(command);
  return [{ flags, begin: first, range: [last < 0 ? last : last - first, step] }];
}

export function tipsOf(command: Command): readonly string[] {
  return rowOf(tips, command.fullName) ?? [];
}

/** The flags of one key as the request at hand uses it: some depend on the arguments. */
export function usedFlags(spec: KeySpec, command: Command, call: Call): readonly KeyFlag[] {
  if (!spec.flags.includes('variable_flags')) return spec.flags;
  if (command.fullName === 'set') {
    return hasWord(call, 3, 'get') ? ['RW', 'access', 'update'] : ['OW', 'update'];
  }
  const changes = hasWord(call, 2, 'set') || hasWord(call, 2, 'incrby');
  return changes ? ['RW', 'access', 'update'] : ['RO', 'access'];
}

function hasWord(call: Call, from: number, word: string): boolean {
  for (let index = from; index < call.argc; index++) if (call.is(index, word)) return true;
  return false;
}

function defaultFlags(command: Command): readonly KeyFlag[] {
  return command.has('write') ? ['RW', 'access', 'update'] : ['RO', 'access'];
}

function rowOf<T>(table: readonly (readonly [T, ...string[]])[], name: string): T | undefined {
  return table.find(([, ...names]) => names.includes(name))?.[0];
}
