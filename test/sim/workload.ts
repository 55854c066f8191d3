/**
 * The requests of a run: every command on every type, on few keys, so that they meet. Those whose
 * effect is drawn by chance or by the clock are what replication must rewrite, so they are here too.
 * Markers (see `markers.ts`) live in a database of their own that no request here touches.
 */
import type { Random } from '../../src/util/random.ts';
import { collectionKeys, collectionMakers } from '../support/random-collections.ts';
import type { RespArg } from '../support/resp-value.ts';
import type { Draw } from './draw.ts';

type Words = readonly RespArg[];

/** Databases 0 … 2 are for the requests here, database 3 for the markers. */
const ordinaryDatabases = 3;
const keyCount = 30;

export class Workload {
  readonly #collections: readonly (() => string[])[];

  /** `random` is for the words of requests on collections. */
  constructor(random: Random) {
    this.#collections = collectionMakers(random, () => anyKey(random));
  }

  /** What a client sends in one go: single commands, or transactions. */
  burst(draw: Draw, nowMs: number): Words[] {
    const burst: Words[] = [['SELECT', drawDb(draw)]];
    const count = draw.weighted([
      [6, draw.int(1, 3)],
      [3, draw.int(4, 15)],
      [0.2, draw.int(30, 100)],
    ]);
    for (let left = count; left > 0; left--) {
      if (draw.chance(0.08)) burst.push(...this.#transaction(draw, nowMs));
      else burst.push(this.#command(draw, nowMs));
    }
    return burst;
  }

  #transaction(draw: Draw, nowMs: number): Words[] {
    const queued = Array.from({ length: draw.int(0, 5) }, () => this.#command(draw, nowMs));
    if (draw.chance(0.05)) queued.splice(1, 0, [draw.pick(['BGSAVE', 'BGREWRITEAOF'])]);
    const watch: Words[] = draw.chance(0.3) ? [['WATCH', drawKey(draw)]] : [];
    return [...watch, ['MULTI'], ...queued, draw.chance(0.9) ? ['EXEC'] : ['DISCARD']];
  }

  #command(draw: Draw, nowMs: number): Words {
    if (draw.chance(0.45)) return draw.pick(this.#collections)();
    return draw.weighted(commands)(draw, nowMs);
  }
}
type Maker = (draw: Draw, nowMs: number) => Words;

/** Columns: how often, and what. */
const commands: readonly (readonly [number, Maker])[] = [
  [8, (draw) => ['SET', drawKey(draw), drawValue(draw)]],
  [6, drawSet],
  [3, (draw) => ['INCR', drawKey(draw)]],
  [1, (draw) => ['DECRBY', drawKey(draw), draw.int(-9, 9)]],
  [1, (draw) => ['INCRBYFLOAT', drawKey(draw), draw.pick(['0.1', '-2.5', '3e2'])]],
  [3, (draw) => ['APPEND', drawKey(draw), drawValue(draw)]],
  [1, (draw) => ['SETRANGE', drawKey(draw), draw.int(0, 40), drawValue(draw)]],
  [1, (draw) => ['SETNX', drawKey(draw), drawValue(draw)]],
  [1, (draw) => ['GETSET', drawKey(draw), drawValue(draw)]],
  [1, (draw) => ['GETDEL', drawKey(draw)]],
  [2, drawGetex],
  [1, (draw) => ['SETEX', drawKey(draw), draw.int(1, 4), drawValue(draw)]],
  [1, (draw) => ['PSETEX', drawKey(draw), draw.int(1, 3000), drawValue(draw)]],
  [2, (draw) => ['MSET', ...drawPairs(draw)]],
  [1, (draw) => ['MSETNX', ...drawPairs(draw)]],
  [3, (draw) => [draw.pick(['DEL', 'UNLINK']), ...drawKeys(draw)]],
  [3, drawExpire],
  [1, (draw) => ['PERSIST', drawKey(draw)]],
  [2, (draw) => [draw.pick(['RENAME', 'RENAMENX']), drawKey(draw), drawKey(draw)]],
  [2, drawCopy],
  [1, (draw) => ['MOVE', drawKey(draw), drawDb(draw)]],
  [0.3, (draw) => ['SWAPDB', drawDb(draw), drawDb(draw)]],
  [0.15, (draw) => ['FLUSHDB', ...(draw.chance(0.5) ? [draw.pick(['ASYNC', 'SYNC'])] : [])]],
  [2, (draw) => ['SELECT', drawDb(draw)]],
  [3, (draw) => ['GET', drawKey(draw)]],
  [1, (draw) => ['MGET', ...drawKeys(draw)]],
  [1, (draw) => [draw.pick(['EXISTS', 'TOUCH']), ...drawKeys(draw)]],
  [1, (draw) => [draw.pick(['TTL', 'TYPE', 'STRLEN', 'DUMP']), drawKey(draw)]],
  [0.5, () => ['RANDOMKEY']],
  [0.5, (draw) => ['SCAN', 0, 'COUNT', draw.int(1, 50)]],
  [0.3, () => ['DBSIZE']],
  [2, (draw) => ['SADD', 'set', ...Array.from({ length: 4 }, () => draw.int(0, 30))]],
  [2, (draw) => ['SPOP', drawSetKey(draw), ...draw.pick([[], [draw.int(0, 5)]])]],
  [1, (draw) => ['SADD', 'words', ...Array.from({ length: 3 }, () => `w${draw.int(0, 40)}`)]],
  [1, (draw) => ['SMOVE', 'words', 'set3', `w${draw.int(0, 40)}`]],
  [0.3, (draw) => ['SRANDMEMBER', drawSetKey(draw), draw.int(-5, 5)]],
  [1, (draw) => ['HINCRBYFLOAT', 'hash', `f${draw.int(0, 5)}`, draw.pick(['0.1', '-7.25'])]],
  [1, (draw) => ['HSET', 'hash2', `f${draw.int(0, 20)}`, drawValue(draw)]],
  [3, drawFieldExpiry],
  [1, (draw) => ['HPERSIST', drawHash(draw), 'FIELDS', 1, drawField(draw)]],
  [
    1,
    (draw, nowMs) => [
      'HGETEX',
      drawHash(draw),
      ...drawExpiry(draw, nowMs, 'PERSIST'),
      ...oneField(draw),
    ],
  ],
  [1, drawHsetex],
  [1, (draw) => ['HGETDEL', drawHash(draw), ...oneField(draw)]],
  [1, (draw) => ['ZADD', 'scores', draw.int(-9, 9), `m${draw.int(0, 20)}`]],
  [0.5, (draw) => ['ZPOPMIN', 'scores', draw.int(0, 3)]],
  [1, (draw) => ['XADD', drawStreamKey(draw), '*', 'f', drawValue(draw)]],
  [1, (draw) => ['XADD', drawStreamKey(draw), 'MAXLEN', '~', draw.int(0, 9), '*', 'f', 'v']],
  [1, drawGroupRead],
  [0.5, (draw) => ['XAUTOCLAIM', drawStreamKey(draw), 'g', 'thief', 0, '0']],
  [1, (draw) => ['RPUSH', drawListKey(draw), drawValue(draw), drawValue(draw)]],
  [1, (draw) => ['BLMOVE', drawListKey(draw), drawListKey(draw), 'LEFT', 'RIGHT', 0.05]],
  [1, (draw) => [draw.pick(['BLPOP', 'BRPOP']), drawListKey(draw), drawKey(draw), 0.05]],
  [0.5, (draw) => ['BZPOPMAX', 'scores', 'scores2', draw.pick([0.02, 0.3])]],
  [0.3, (draw) => ['SORT', drawListKey(draw), 'ALPHA', 'STORE', drawListKey(draw)]],
  [0.3, (draw) => ['SETBIT', drawKey(draw), draw.int(0, 200), 1]],
  [0.3, (draw) => ['PFADD', 'hll', `e${draw.int(0, 500)}`]],
  [0.3, (draw) => ['GEOADD', 'geo', draw.int(-9, 9), draw.int(-9, 9), `p${draw.int(0, 9)}`]],
  [0.2, (draw) => ['NOSUCHCOMMAND', drawKey(draw)]],
  [0.2, (draw) => ['SET', drawKey(draw)]],
];

function drawGroupRead(draw: Draw): Words {
  const key = drawStreamKey(draw);
  return draw.weighted<Words>([
    [1, ['XGROUP', 'CREATE', key, 'g', '0', 'MKSTREAM']],
    [3, ['XREADGROUP', 'GROUP', 'g', `c${draw.int(0, 3)}`, 'COUNT', 3, 'STREAMS', key, '>']],
    [0.3, ['XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 20, 'STREAMS', key, '>']],
  ]);
}

function drawSet(draw: Draw, nowMs: number): Words {
  const when = draw.pick([[], [], ['NX'], ['XX'], ['GET'], ['XX', 'GET']]);
  return ['SET', drawKey(draw), drawValue(draw), ...when, ...drawExpiry(draw, nowMs, 'KEEPTTL')];
}

function drawGetex(draw: Draw, nowMs: number): Words {
  return ['GETEX', drawKey(draw), ...drawExpiry(draw, nowMs, 'PERSIST')];
}

/** One of the options that SET and GETEX share, or the one that only this command has. */
function drawExpiry(draw: Draw, nowMs: number, own: string): RespArg[] {
  switch (draw.int(0, 5)) {
    case 0:
      return ['EX', draw.int(1, 4)];
    case 1:
      return ['PX', draw.int(1, 4000)];
    case 2:
      return ['EXAT', Math.floor(nowMs / 1000) + draw.int(-1, 5)];
    case 3:
      return ['PXAT', nowMs + draw.int(-10, 4000)];
    case 4:
      return [own];
    default:
      return [];
  }
}

function drawExpire(draw: Draw, nowMs: number): Words {
  const key = drawKey(draw);
  const condition = draw.pick([[], [], ['NX'], ['XX'], ['GT'], ['LT']]);
  switch (draw.int(0, 3)) {
    case 0:
      return ['EXPIRE', key, draw.int(-1, 5), ...condition];
    case 1:
      return ['PEXPIRE', key, draw.int(-5, 5000), ...condition];
    case 2:
      return ['EXPIREAT', key, Math.floor(nowMs / 1000) + draw.int(-1, 5), ...condition];
    default:
      return ['PEXPIREAT', key, nowMs + draw.int(-5, 5000), ...condition];
  }
}

/** The fields that random requests on hashes are about, too. */
function drawField(draw: Draw): string {
  return draw.pick(['f', 'g', 'h', '1', '', `f${draw.int(0, 20)}`]);
}

function drawHash(draw: Draw): string {
  return draw.pick(['hash', 'hash2', 'hash3']);
}

function oneField(draw: Draw): RespArg[] {
  return ['FIELDS', 1, drawField(draw)];
}

function drawFieldExpiry(draw: Draw, nowMs: number): Words {
  const hash = drawHash(draw);
  const condition = draw.pick([[], [], ['NX'], ['XX'], ['GT'], ['LT']]);
  const named = ['FIELDS', 2, drawField(draw), drawField(draw)];
  return draw.chance(0.5)
    ? ['HPEXPIRE', hash, draw.int(0, 5000), ...condition, ...named]
    : ['HPEXPIREAT', hash, nowMs + draw.int(-5, 5000), ...condition, ...named];
}

function drawHsetex(draw: Draw, nowMs: number): Words {
  const condition = draw.pick([[], [], ['FNX'], ['FXX']]);
  const expiry = drawExpiry(draw, nowMs, 'KEEPTTL');
  const pair = [drawField(draw), drawValue(draw)];
  return ['HSETEX', drawHash(draw), ...condition, ...expiry, 'FIELDS', 1, ...pair];
}

function drawCopy(draw: Draw): Words {
  const target = draw.chance(0.3) ? ['DB', drawDb(draw)] : [];
  const replace = draw.chance(0.5) ? ['REPLACE'] : [];
  return ['COPY', drawKey(draw), drawKey(draw), ...target, ...replace];
}

function drawPairs(draw: Draw): RespArg[] {
  return Array.from({ length: draw.int(1, 4) }, () => [drawKey(draw), drawValue(draw)]).flat();
}

function drawKeys(draw: Draw): string[] {
  return Array.from({ length: draw.int(1, 3) }, () => drawKey(draw));
}

function drawKey(draw: Draw): string {
  return draw.chance(0.05) ? `key:${draw.int(0, 299)}` : anyKey(draw.random);
}

/** Of strings mostly; now and then one that may hold something else. */
function anyKey(random: Pick<Random, 'float'>): string {
  const number = Math.floor(random.float() * keyCount * 1.1);
  return number < keyCount ? `k${number}` : collectionKeys[number % collectionKeys.length];
}

function drawListKey(draw: Draw): string {
  return `list${draw.int(1, 3)}`;
}

function drawSetKey(draw: Draw): string {
  return draw.pick(['set', 'set2', 'words', 'k1']);
}

function drawStreamKey(draw: Draw): string {
  return draw.pick(['stream', 'stream2', 'log']);
}

function drawDb(draw: Draw): number {
  return draw.weighted([
    [4, 0],
    [1, draw.int(1, ordinaryDatabases - 1)],
  ]);
}

/** Numbers, words, and now and then something that fills a backlog. */
function drawValue(draw: Draw): RespArg {
  switch (draw.int(0, 9)) {
    case 0:
    case 1:
    case 2:
      return draw.int(-100, 1000);
    case 3:
      return draw.random.bytes(draw.int(0, 60));
    case 4:
      return 'x'.repeat(draw.int(0, 300));
    case 5:
      return draw.chance(0.1) ? 'big'.repeat(draw.int(500, 8000)) : '';
    default:
      return `v${draw.int(0, 99)}`;
  }
}
