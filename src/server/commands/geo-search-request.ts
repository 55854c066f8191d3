/** The words of a search for places: where, how large, in which order, what comes back. */
import type { Call } from '../call.ts';
import type { Shape } from '../types/geo-shape.ts';
import type { Place } from '../types/geohash.ts';
import type { ZsetValue } from '../types/zset-value.ts';
import { integerArgument } from './generic-arguments.ts';
import { placeOfMember } from './geo.ts';
import { placeArguments, unitArgument } from './geo-arguments.ts';
import { scoreArgument } from './zset-arguments.ts';

/** What a command says by its name. */
export interface GeoForm {
  /** Where the centre stands: as a place or a member in argument 2, or among the words. */
  readonly centre: 'place' | 'member' | 'words';
  /** The argument index of the sorted set, and of the first word. */
  readonly sourceIndex: number;
  readonly wordsIndex: number;
  /** `always`: to the key in argument 1; `if-asked`: by STORE or STOREDIST. */
  readonly stores?: 'always' | 'if-asked';
}

export interface GeoRequest {
  /** Null where there is no sorted set that a centre could be a member of. */
  readonly shape: Shape | null;
  /** Metres of the unit in which distances are asked for. */
  readonly unit: number;
  readonly order: 'asc' | 'desc' | null;
  readonly count: number;
  /** Any so many will do. */
  readonly any: boolean;
  readonly withDistance: boolean;
  readonly withHash: boolean;
  readonly withPlace: boolean;
  /** The argument index of the key to store to, 0 for none. */
  readonly storeIndex: number;
  /** Distances become the scores. */
  readonly storeDistance: boolean;
}

/** What has been read so far; counts of 0 were not given. */
interface Words {
  /** Which kind of centre was given; a member's place is null where there is no sorted set. */
  from: 'member' | 'place' | null;
  centre: Place | null;
  size: Size | null;
  unit: number;
  order: 'asc' | 'desc' | null;
  count: number;
  any: boolean;
  withDistance: boolean;
  withHash: boolean;
  withPlace: boolean;
  storeIndex: number;
  storeDistance: boolean;
}

type Size =
  | { readonly kind: 'circle'; readonly radius: number }
  | { readonly kind: 'box'; readonly width: number; readonly height: number };

/** Reads a search in `zset`, null for none; null after an error. */
export function readGeoRequest(
  call: Call,
  form: GeoForm,
  zset: ZsetValue | null,
): GeoRequest | null {
  const words: Words = {
    from: null,
    centre: null,
    size: null,
    unit: 1,
    order: null,
    count: 0,
    any: false,
    withDistance: false,
    withHash: false,
    withPlace: false,
    storeIndex: form.stores === 'always' ? 1 : 0,
    storeDistance: false,
  };
  if (!readCircle(call, form, zset, words)) return null;
  for (let index = form.wordsIndex; index < call.argc; index++) {
    const taken = readWord(call, index, form, zset, words);
    if (taken < 0) return null;
    index += taken;
  }
  const refusal = refusalOf(call, form, words);
  if (refusal !== null) {
    call.error(refusal);
    return null;
  }
  return finish(words);
}

/** The circle that GEORADIUS has before its words; false after an error. */
function readCircle(call: Call, form: GeoForm, zset: ZsetValue | null, words: Words): boolean {
  if (form.centre === 'words') return true;
  // Without a sorted set the size is not looked at. [Redis]
  if (form.centre === 'member' && zset === null) return true;
  words.centre = form.centre === 'place' ? placeArguments(call, 2) : memberPlace(call, zset, 2);
  return words.centre !== null && readRadius(call, form.wordsIndex - 2, words);
}

/**
 * Reads the word in argument `index` with what belongs to it; returns how many arguments that were
 * besides, −1 after an error.
 */
function readWord(
  call: Call,
  index: number,
  form: GeoForm,
  zset: ZsetValue | null,
  words: Words,
): number {
  if (readPlainWord(call, index, words)) return 0;
  const left = call.argc - index - 1;
  if (left >= 1 && call.is(index, 'count')) return readCount(call, index + 1, words);
  if (form.stores === 'always' && call.is(index, 'storedist')) {
    words.storeDistance = true;
    return 0;
  }
  const asked = form.stores === 'if-asked' && left >= 1 ? readStore(call, index, words) : 0;
  const taken = form.centre === 'words' ? readShapeWord(call, index, left, zset, words) : asked;
  if (taken === 0) call.syntaxError();
  return taken === 0 ? -1 : taken;
}

/** GEORADIUS's STORE or STOREDIST with its key; 0 when it is neither. */
function readStore(call: Call, index: number, words: Words): number {
  const storeDistance = call.is(index, 'storedist');
  if (!storeDistance && !call.is(index, 'store')) return 0;
  words.storeIndex = index + 1;
  words.storeDistance = storeDistance;
  return 1;
}

/** A word that stands for itself. */
function readPlainWord(call: Call, index: number, words: Words): boolean {
  if (call.is(index, 'withdist')) words.withDistance = true;
  else if (call.is(index, 'withhash')) words.withHash = true;
  else if (call.is(index, 'withcoord')) words.withPlace = true;
  else if (call.is(index, 'any')) words.any = true;
  else if (call.is(index, 'asc')) words.order = 'asc';
  else if (call.is(index, 'desc')) words.order = 'desc';
  else return false;
  return true;
}

function readCount(call: Call, index: number, words: Words): number {
  words.count = integerArgument(call, index);
  if (Number.isNaN(words.count)) return -1;
  if (words.count > 0) return 1;
  call.error('ERR COUNT must be > 0');
  return -1;
}

/** GEOSEARCH's centre or size; 0 when it is neither, or when one of another kind was given before. */
function readShapeWord(
  call: Call,
  index: number,
  left: number,
  zset: ZsetValue | null,
  words: Words,
): number {
  const { from, size } = words;
  if (left >= 1 && from !== 'place' && call.is(index, 'frommember')) {
    words.from = 'member';
    if (zset !== null) words.centre = memberPlace(call, zset, index + 1);
    return call.failed ? -1 : 1;
  }
  if (left >= 2 && from !== 'member' && call.is(index, 'fromlonlat')) {
    words.from = 'place';
    words.centre = placeArguments(call, index + 1);
    return call.failed ? -1 : 2;
  }
  if (left >= 2 && size?.kind !== 'box' && call.is(index, 'byradius')) {
    return readRadius(call, index + 1, words) ? 2 : -1;
  }
  if (left >= 3 && size?.kind !== 'circle' && call.is(index, 'bybox')) {
    return readBox(call, index + 1, words) ? 3 : -1;
  }
  return 0;
}

/** Null after the error for what is no member. */
function memberPlace(call: Call, zset: ZsetValue | null, index: number): Place | null {
  const place = placeOfMember(call, zset, index);
  if (place === null) call.error('ERR could not decode requested zset member');
  return place;
}

/** A radius and its unit; false after an error. */
function readRadius(call: Call, index: number, words: Words): boolean {
  const radius = scoreArgument(call, index, 'ERR need numeric radius');
  if (Number.isNaN(radius)) return false;
  if (radius < 0) {
    call.error('ERR radius cannot be negative');
    return false;
  }
  words.unit = unitArgument(call, index + 1);
  words.size = { kind: 'circle', radius: radius * words.unit };
  return !call.failed;
}

/** Width, height and their unit; false after an error. */
function readBox(call: Call, index: number, words: Words): boolean {
  const width = scoreArgument(call, index, 'ERR need numeric width');
  if (Number.isNaN(width)) return false;
  const height = scoreArgument(call, index + 1, 'ERR need numeric height');
  if (Number.isNaN(height)) return false;
  if (width < 0 || height < 0) {
    call.error('ERR height or width cannot be negative');
    return false;
  }
  words.unit = unitArgument(call, index + 2);
  words.size = { kind: 'box', width: width * words.unit, height: height * words.unit };
  return !call.failed;
}

/** What is wrong with the words as a whole. */
function refusalOf(call: Call, form: GeoForm, words: Words): string | null {
  const { withDistance, withHash, withPlace } = words;
  if (words.storeIndex !== 0 && (withDistance || withHash || withPlace)) {
    const name = form.stores === 'always' ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS';
    return `ERR ${name} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`;
  }
  if (form.centre === 'words') {
    if (words.from === null) {
      return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${call.text(0)}`;
    }
    if (words.size === null) {
      return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${call.text(0)}`;
    }
  }
  if (words.any && words.count === 0) return 'ERR the ANY argument requires COUNT argument';
  return null;
}

/** Field by field: what is spread takes several times as long as all the rest of a small search. */
function finish(words: Words): GeoRequest {
  const { count, order } = words;
  return {
    unit: words.unit,
    any: words.any,
    withDistance: words.withDistance,
    withHash: words.withHash,
    withPlace: words.withPlace,
    storeIndex: words.storeIndex,
    storeDistance: words.storeDistance,
    shape: shapeOf(words),
    // So many of all would be any without an order.
    order: order === null && count !== 0 && !words.any ? 'asc' : order,
    count: count === 0 ? Infinity : count,
  };
}

function shapeOf({ centre, size }: Words): Shape | null {
  if (centre === null || size === null) return null;
  if (size.kind === 'circle') return { kind: 'circle', centre, radius: size.radius };
  return { kind: 'box', centre, width: size.width, height: size.height };
}
