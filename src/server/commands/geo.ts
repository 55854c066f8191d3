/**
 * Places as members of sorted sets: added, read, measured. A place is a score, see types/geohash.ts;
 * to all other commands such a set is like any. Searches are in geo-search.ts.
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { distance, geohashText, type Place, placeOf, scoreOf } from '../types/geohash.ts';
import type { ZsetValue } from '../types/zset-value.ts';
import { argumentView } from './generic-arguments.ts';
import { placeArguments, replyDistance, replyPlace, unitArgument } from './geo-arguments.ts';
import { addScores, zaddFlags } from './zset-add.ts';
import { findMember, zsetForRead } from './zset-arguments.ts';

const row = { categories: ['geo'], keys: [1, 1, 1], group: 'geo', since: '3.2.0' } as const;
const readRow = { ...row, flags: ['readonly'] } as const;

export const geoCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'geoadd',
    arity: -5,
    flags: ['write', 'denyoom'],
    summary: 'Adds places to a sorted set, or moves them.',
    complexity: 'O(log n) per place',
    handler: geoaddCommand,
  },
  {
    ...readRow,
    name: 'geopos',
    arity: -2,
    summary: 'Returns the longitudes and latitudes of members.',
    complexity: 'O(n) for n members asked for',
    handler: geoposCommand,
  },
  {
    ...readRow,
    name: 'geodist',
    arity: -4,
    summary: 'Returns the distance between two members.',
    complexity: 'O(1)',
    handler: geodistCommand,
  },
  {
    ...readRow,
    name: 'geohash',
    arity: -2,
    summary: 'Returns the places of members as geohashes of 11 characters.',
    complexity: 'O(n) for n members asked for',
    handler: geohashCommand,
  },
];

/** A ZADD of the scores that stand for the places, and propagated as one. */
function geoaddCommand(call: Call): void {
  let flags = 0;
  let first = 2;
  for (; first < call.argc; first++) {
    const flag = geoaddFlag(call, first);
    if (flag === 0) break;
    flags |= flag;
  }
  const both = zaddFlags.nx | zaddFlags.xx;
  if ((call.argc - first) % 3 !== 0 || (flags & both) === both) {
    call.syntaxError();
    return;
  }
  const scores = readPlaces(call, first);
  if (scores === null) return;
  if (scores.length === 0) {
    call.syntaxError();
    return;
  }
  if (addScores(call, { flags, scores, first: first + 2, step: 3 })) {
    propagateZadd(call, first, scores);
  }
}

function geoaddFlag(call: Call, index: number): number {
  if (call.is(index, 'nx')) return zaddFlags.nx;
  if (call.is(index, 'xx')) return zaddFlags.xx;
  return call.is(index, 'ch') ? zaddFlags.ch : 0;
}

/** The scores of all places from argument `first` on; null after an error. */
function readPlaces(call: Call, first: number): number[] | null {
  const scores: number[] = [];
  for (let index = first; index < call.argc; index += 3) {
    const place = placeArguments(call, index);
    if (place === null) return null;
    scores.push(scoreOf(place));
  }
  return scores;
}

function propagateZadd(call: Call, first: number, scores: readonly number[]): void {
  const words: (string | Uint8Array)[] = ['zadd'];
  for (let index = 1; index < first; index++) words.push(argumentView(call, index));
  scores.forEach((score, place) => {
    words.push(String(score), argumentView(call, first + place * 3 + 2));
  });
  call.propagateAs(...words);
}

function geoposCommand(call: Call): void {
  const zset = zsetForRead(call);
  if (call.failed) return;
  call.reply.array(call.argc - 2);
  for (let index = 2; index < call.argc; index++) {
    const place = placeOfMember(call, zset, index);
    if (place === null) call.reply.nilArray();
    else replyPlace(call, place);
  }
}

function geohashCommand(call: Call): void {
  const zset = zsetForRead(call);
  if (call.failed) return;
  call.reply.array(call.argc - 2);
  for (let index = 2; index < call.argc; index++) {
    const place = placeOfMember(call, zset, index);
    if (place === null) call.reply.nil();
    else call.reply.bulkText(geohashText(place));
  }
}

function geodistCommand(call: Call): void {
  const unit = call.argc === 5 ? unitArgument(call, 4) : 1;
  if (Number.isNaN(unit)) return;
  if (call.argc > 5) {
    call.syntaxError();
    return;
  }
  const zset = zsetForRead(call);
  if (call.failed) return;
  const from = placeOfMember(call, zset, 2);
  const to = placeOfMember(call, zset, 3);
  if (from === null || to === null) call.reply.nil();
  else replyDistance(call, distance(from, to) / unit);
}

/** Null when the member in argument `index` is none. */
export function placeOfMember(call: Call, zset: ZsetValue | null, index: number): Place | null {
  const ref = zset === null ? 0 : findMember(call, zset, index);
  return zset === null || ref === 0 ? null : placeOf(zset.scoreOf(ref));
}
