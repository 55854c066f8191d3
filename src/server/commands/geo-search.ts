/**
 * Places in a circle or a box: GEOSEARCH, GEOSEARCHSTORE, and the older GEORADIUS and
 * GEORADIUSBYMEMBER, which are circles only and may store as well. Their words are in
 * geo-search-request.ts.
 */
import { partialSort } from '../../util/partial-sort.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { cellsOf, distanceWithin, type Shape } from '../types/geo-shape.ts';
import { isSameCell, type Place, placeOf, scoresOf } from '../types/geohash.ts';
import { ZsetValue } from '../types/zset-value.ts';
import { replyDistance, replyPlace } from './geo-arguments.ts';
import { type GeoForm, type GeoRequest, readGeoRequest } from './geo-search-request.ts';
import { replyMember, zsetForRead } from './zset-arguments.ts';
import { storeZset } from './zset-store.ts';

const row = {
  categories: ['geo'],
  group: 'geo',
  complexity: 'O(n + log m) for m members, n of them in the cells that cover the shape',
} as const;
const readRow = { ...row, keys: [1, 1, 1], flags: ['readonly'] } as const;
const radiusRow = {
  ...row,
  keys: [1, 1, 1],
  flags: ['write', 'denyoom', 'movablekeys'],
  since: '3.2.0',
} as const;

export const geoSearchCommands: readonly CommandSpec[] = [
  {
    ...readRow,
    name: 'geosearch',
    arity: -7,
    since: '6.2.0',
    summary: 'Returns the places in a circle or a box.',
    handler: (call) => search(call, { centre: 'words', sourceIndex: 1, wordsIndex: 2 }),
  },
  {
    ...row,
    name: 'geosearchstore',
    arity: -8,
    flags: ['write', 'denyoom'],
    keys: [1, 2, 1],
    since: '6.2.0',
    summary: 'Stores the places in a circle or a box under another key.',
    handler: (call) =>
      search(call, { centre: 'words', sourceIndex: 2, wordsIndex: 3, stores: 'always' }),
  },
  {
    ...radiusRow,
    name: 'georadius',
    arity: -6,
    findKeys: (call) => radiusKeys(call, 6),
    summary: 'Returns or stores the places in a circle around a place.',
    handler: (call) =>
      search(call, { centre: 'place', sourceIndex: 1, wordsIndex: 6, stores: 'if-asked' }),
  },
  {
    ...readRow,
    name: 'georadius_ro',
    arity: -6,
    since: '3.2.10',
    summary: 'Returns the places in a circle around a place.',
    handler: (call) => search(call, { centre: 'place', sourceIndex: 1, wordsIndex: 6 }),
  },
  {
    ...radiusRow,
    name: 'georadiusbymember',
    arity: -5,
    findKeys: (call) => radiusKeys(call, 5),
    summary: 'Returns or stores the places in a circle around a member.',
    handler: (call) =>
      search(call, { centre: 'member', sourceIndex: 1, wordsIndex: 5, stores: 'if-asked' }),
  },
  {
    ...readRow,
    name: 'georadiusbymember_ro',
    arity: -5,
    since: '3.2.10',
    summary: 'Returns the places in a circle around a member.',
    handler: (call) => search(call, { centre: 'member', sourceIndex: 1, wordsIndex: 5 }),
  },
];

/** A place that was found: the member and what is known of it. */
interface Found {
  readonly ref: number;
  readonly score: number;
  readonly place: Place;
  /** Metres from the centre. */
  readonly distance: number;
}

function search(call: Call, form: GeoForm): void {
  const zset = zsetForRead(call, form.sourceIndex);
  if (call.failed) return;
  const request = readGeoRequest(call, form, zset);
  if (request === null) return;
  const found = zset === null || request.shape === null ? [] : find(zset, request.shape, request);
  const event = form.centre === 'words' ? 'geosearchstore' : 'georadiusstore';
  if (request.storeIndex !== 0) storeFound(call, zset, found, request, event);
  else replyFound(call, zset, found, request);
}

/** The keys of GEORADIUS: its own, and those that are to be stored to. */
function radiusKeys(call: Call, wordsIndex: number): number[] {
  const keys = [1];
  for (let index = wordsIndex; index < call.argc - 1; index++) {
    if (call.is(index, 'store') || call.is(index, 'storedist')) keys.push(++index);
  }
  return keys;
}

function find(zset: ZsetValue, shape: Shape, { order, count, any }: GeoRequest): readonly Found[] {
  const found: Found[] = [];
  const enough = any ? count : Infinity;
  const cells = cellsOf(shape);
  for (const [index, cell] of cells.entries()) {
    // Around a large part of the earth neighbours may be one cell. [Redis]
    if (index > 1 && isSameCell(cell, cells[index - 1])) continue;
    const { min, beyond } = scoresOf(cell);
    const from = zset.countBelowScore(min, false);
    if (from === zset.size) continue;
    findInRanks(zset, from, zset.countBelowScore(beyond, false), shape, enough, found);
  }
  if (order !== null) sortFound(found, order === 'asc' ? 1 : -1, count);
  return found.slice(0, count);
}

/** Where all come back, those that are equally far keep their order; otherwise see `partialSort`. */
function sortFound(found: Found[], sign: 1 | -1, count: number): void {
  const compare = (a: Found, b: Found): number => sign * (a.distance - b.distance);
  if (found.length <= count) found.sort(compare);
  else partialSort(found, count, compare);
}

function findInRanks(
  zset: ZsetValue,
  from: number,
  to: number,
  shape: Shape,
  enough: number,
  found: Found[],
): void {
  if (from >= to || found.length >= enough) return;
  zset.seek(from);
  for (let rank = from; rank < to; rank++) {
    const score = zset.cursorScore;
    const place = placeOf(score);
    const distance = distanceWithin(shape, place);
    if (!Number.isNaN(distance)) {
      found.push({ ref: zset.cursorRef, score, place, distance });
      if (found.length >= enough) return;
    }
    zset.next();
  }
}

function replyFound(
  call: Call,
  zset: ZsetValue | null,
  found: readonly Found[],
  request: GeoRequest,
): void {
  const { reply } = call;
  const { withDistance, withHash, withPlace, unit } = request;
  const extras = Number(withDistance) + Number(withHash) + Number(withPlace);
  reply.array(found.length);
  for (const { ref, score, place, distance } of found) {
    if (extras !== 0) reply.array(extras + 1);
    if (zset !== null) replyMember(call, zset, ref, false);
    if (withDistance) replyDistance(call, distance / unit);
    if (withHash) reply.integer(score);
    if (withPlace) replyPlace(call, place);
  }
}

function storeFound(
  call: Call,
  zset: ZsetValue | null,
  found: readonly Found[],
  { storeIndex, storeDistance, unit }: GeoRequest,
  event: string,
): void {
  const result = ZsetValue.indexed(call.keyspace.valueSettings);
  for (const { ref, score, distance } of found) {
    zset?.readMember(ref);
    if (zset === null) continue;
    const { windowBuffer, windowStart, windowEnd } = zset;
    const stored = storeDistance ? distance / unit : score;
    result.add(windowBuffer, windowStart, windowEnd, stored);
  }
  result.compact();
  storeZset(call, result, event, storeIndex, result.size);
}
