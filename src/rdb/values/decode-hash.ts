/**
 * Decodes hashes:
 *
 *     HASH                  length { field:string value:string }
 *     HASH_ZIPMAP           zipmap
 *     HASH_ZIPLIST          ziplist of field, value, …
 *     HASH_LISTPACK         listpack of field, value, …
 *     HASH_METADATA         first:8 length { ttl:length field:string value:string }   [Redis 7.4]
 *     HASH_LISTPACK_EX      first:8 listpack of field, value, expiry, …               [Redis 7.4]
 *
 * In the last two fields end by themselves. `first` is when the first of them does, in Unix
 * milliseconds; `ttl` is 1 + how much later this one does, `expiry` the time itself; 0 stands for
 * never. In the forms of the release candidates (`PRE_GA`) `first` is not there and `ttl` is the
 * time itself.
 */
import { parseDouble } from '../../util/double.ts';
import { incomplete } from '../rdb-input.ts';
import {
  duplicateError,
  elementError,
  type ElementReader,
  type Place,
} from '../structure/element-reader.ts';
import { ListpackReader } from '../structure/listpack.ts';
import { surveyPairs } from '../structure/listpack-survey.ts';
import { ZiplistReader } from '../structure/ziplist.ts';
import { ZipmapReader } from '../structure/zipmap.ts';
import type { StringWindow } from '../string-window.ts';
import type { HashTarget } from '../value-sink.ts';
import {
  readBlob,
  readInt64,
  readLength,
  readPair,
  type Steps,
  type ValueContext,
} from './value-context.ts';

const twice = 'a field that is there twice';
const noTime = 'an expiry that is no time';

export function* decodeHash(context: ValueContext): Steps {
  let left = yield* readLength(context.input);
  const hash = context.sink.beginHash(context.entry);
  while ((left = setPairs(context, hash, left)) > 0) yield;
  context.sink.endCollection(context.entry);
}

export function* decodeHashZipmap(context: ValueContext): Steps {
  const place = yield* readBlob(context, 'Zipmap');
  const hash = context.sink.beginHash(context.entry);
  setElements(context, hash, new ZipmapReader(context.blob, place), place);
  context.sink.endCollection(context.entry);
}

export function* decodeHashZiplist(context: ValueContext): Steps {
  const place = yield* readBlob(context, 'Hash ziplist');
  const hash = context.sink.beginHash(context.entry);
  setElements(context, hash, new ZiplistReader(context.blob, place), place);
  context.sink.endCollection(context.entry);
}

export function* decodeHashListpack(context: ValueContext): Steps {
  const place = yield* readBlob(context, 'Hash listpack');
  const { blob, entry, sink } = context;
  const hash = sink.beginHash(entry);
  if (!isAdopted(context, hash, place)) {
    setElements(context, hash, new ListpackReader(blob, place), place);
  }
  sink.endCollection(entry);
}

export function* decodeHashMetadata(context: ValueContext): Steps {
  const firstExpireAtMs = yield* readInt64(context.input);
  yield* decodeVolatilePairs(context, firstExpireAtMs - 1);
}

export function* decodeHashMetadataPreGa(context: ValueContext): Steps {
  yield* decodeVolatilePairs(context, 0);
}

export function* decodeHashListpackEx(context: ValueContext): Steps {
  yield* readInt64(context.input);
  yield* decodeHashListpackExPreGa(context);
}

export function* decodeHashListpackExPreGa(context: ValueContext): Steps {
  const place = yield* readBlob(context, 'Hash listpack');
  const hash = context.sink.beginHash(context.entry);
  setTriples(context, hash, new ListpackReader(context.blob, place), place);
  context.sink.endCollection(context.entry);
}

/** A field's TTL counts from `base`. */
function* decodeVolatilePairs(context: ValueContext, base: number): Steps {
  let left = yield* readLength(context.input);
  const hash = context.sink.beginHash(context.entry);
  while ((left = setVolatilePairs(context, hash, left, base)) > 0) yield;
  context.sink.endCollection(context.entry);
}

/** Whether the hash takes the listpack as it is. */
function isAdopted({ blob, seen }: ValueContext, hash: HashTarget, place: Place): boolean {
  if (hash.adoptListpack === undefined) return false;
  const longestBytes = surveyPairs(blob, place, 'fields and values', seen);
  return longestBytes >= 0 && hash.adoptListpack(blob.bytes, blob.start, blob.end, longestBytes);
}

function setElements(
  { first, second }: ValueContext,
  hash: HashTarget,
  reader: ElementReader,
  place: Place,
): void {
  while (reader.next(first)) {
    if (!reader.next(second)) throw elementError(place, 'a field without a value');
    if (!setField(hash, first, second)) throw duplicateError(place);
  }
}

function setTriples(
  { first, second, third }: ValueContext,
  hash: HashTarget,
  reader: ElementReader,
  place: Place,
): void {
  while (reader.next(first)) {
    if (!reader.next(second) || !reader.next(third)) {
      throw elementError(place, 'a field without a value or an expiry');
    }
    const expireAtMs = parseDouble(third.bytes, third.start, third.end);
    if (!isTime(expireAtMs)) throw elementError(place, noTime);
    if (!setVolatileField(hash, first, second, expireAtMs)) throw duplicateError(place);
  }
}

/** Up to where the turn ends, or bytes are missing; returns how many are left. */
function setPairs({ input, first, second }: ValueContext, hash: HashTarget, count: number): number {
  let left = count;
  for (; left > 0 && input.at < input.pauseAt; left--) {
    if (!readPair(input, first, second)) break;
    if (!setField(hash, first, second)) throw input.error('bad-element', twice);
  }
  return left;
}

/** The same for fields that may end. */
function setVolatilePairs(
  { input, first, second }: ValueContext,
  hash: HashTarget,
  count: number,
  base: number,
): number {
  let left = count;
  for (; left > 0 && input.at < input.pauseAt; left--) {
    const start = input.at;
    const ttl = input.length();
    if (ttl === incomplete || !readPair(input, first, second)) {
      input.at = start;
      break;
    }
    const expireAtMs = ttl === 0 ? 0 : base + ttl;
    if (!isTime(expireAtMs)) throw input.error('bad-element', noTime);
    if (!setVolatileField(hash, first, second, expireAtMs)) throw input.error('bad-element', twice);
  }
  return left;
}

function setField(hash: HashTarget, field: StringWindow, value: StringWindow): boolean {
  return hash.set(field.bytes, field.start, field.end, value.bytes, value.start, value.end);
}

/** `expireAtMs` 0: the field stays. */
function setVolatileField(
  hash: HashTarget,
  field: StringWindow,
  value: StringWindow,
  expireAtMs: number,
): boolean {
  if (expireAtMs === 0) return setField(hash, field, value);
  const { bytes, start, end } = field;
  return hash.set(bytes, start, end, value.bytes, value.start, value.end, expireAtMs);
}

function isTime(atMs: number): boolean {
  return Number.isSafeInteger(atMs) && atMs >= 0;
}
