/**
 * The requests of a run: every command on strings, expiry, keys and databases, on few keys, so that
 * they meet. Markers (see `markers.ts`) live in a database of their own that no request here touches.
 */
import type { RespArg } from '../support/resp-value.ts';
import type { Draw } from './draw.ts';

type Words = readonly RespArg[];

/** Databases 0 … 2 are for the requests here, database 3 for the markers. */
const ordinaryDatabases = 3;
const keyCount = 30;

/** What a client sends in one go: single commands, or transactions. */
export function drawBurst(draw: Draw, nowMs: number): Words[] {
  const burst: Words[] = [['SELECT', drawDb(draw)]];
  const count = draw.weighted([
    [6, draw.int(1, 3)],
    [3, draw.int(4, 15)],
    [0.3, draw.int(30, 120)],
  ]);
  for (let left = count; left > 0; left--) {
    if (draw.chance(0.08)) burst.push(...drawTransaction(draw, nowMs));
    else burst.push(drawCommand(draw, nowMs));
  }
  return burst;
}

function drawTransaction(draw: Draw, nowMs: number): Words[] {
  const queued = Array.from({ length: draw.int(0, 5) }, () => drawCommand(draw, nowMs));
  const watch: Words[] = draw.chance(0.3) ? [['WATCH', drawKey(draw)]] : [];
  return [...watch, ['MULTI'], ...queued, draw.chance(0.9) ? ['EXEC'] : ['DISCARD']];
}

function drawCommand(draw: Draw, nowMs: number): Words {
  return draw.weighted(commands)(draw, nowMs);
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
  [0.2, (draw) => ['NOSUCHCOMMAND', drawKey(draw)]],
  [0.2, (draw) => ['SET', drawKey(draw)]],
];

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
  return draw.chance(0.05) ? `key:${draw.int(0, 1999)}` : `k${draw.int(0, keyCount - 1)}`;
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
