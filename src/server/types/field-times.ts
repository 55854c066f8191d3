/**
 * When the fields of a hash end: a table beside the hash's own, which holds only the fields that do.
 * A hash none of whose fields ever got a time has none of it. Few times are a listpack of fields and
 * times, many are a ByteMap with a heap that has the next to end at its head:
 *
 *     ByteMap entry   field → index in the heap:4        (the time itself is in the heap)
 *
 * Used by HashValue, which keeps it in step with its fields, and by whoever saves them. It knows no
 * clock: a field past its time stays until it is removed.
 */
import { ByteMap } from './byte-map.ts';
import { ExpiryHeap } from './expiry-heap.ts';
import { Listpack } from './listpack.ts';

/** From here on a table and a heap are better than looking through all of them. */
const maxFew = 32;
/** The same for their bytes. */
const maxFewBytes = 2048;
/** This object and the listpack's. */
const overheadBytes = 160;
/** The heap, its arrays and the ByteMap's object. */
const manyOverheadBytes = 512;

interface Window {
  readonly windowBuffer: Buffer;
  readonly windowStart: number;
  readonly windowEnd: number;
}

/** Both forms. Times are Unix milliseconds; `at` is −1 for a field that does not end. */
interface Times {
  readonly size: number;
  readonly nextMs: number;
  readonly memoryBytes: number;
  at(field: Uint8Array, start: number, end: number): number;
  set(field: Uint8Array, start: number, end: number, atMs: number): void;
  remove(field: Uint8Array, start: number, end: number): boolean;
  due(nowMs: number, max: number): Buffer[];
  countDue(nowMs: number): number;
  walk(from: number, visit: (field: Window, atMs: number) => boolean): number;
}

export class FieldTimes {
  /** Its hash's place in a heap of the dict, by `nextMs` of some time ago; −1 for none. */
  heapIndex = -1;
  readonly #seed: number;
  #times: Times = new FewTimes();

  /** `seed` is for a table's hashes: see `takeHashSeed`. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Fields that end. */
  get size(): number {
    return this.#times.size;
  }

  /** When the first of them ends, Infinity when none does. */
  get nextMs(): number {
    return this.#times.nextMs;
  }

  get memoryBytes(): number {
    return overheadBytes + this.#times.memoryBytes;
  }

  /** When a field ends, −1 for never. */
  at(field: Uint8Array, start: number, end: number): number {
    return this.#times.at(field, start, end);
  }

  set(field: Uint8Array, start: number, end: number, atMs: number): void {
    const times = this.#times;
    times.set(field, start, end, atMs);
    const isFew = times.size <= maxFew && times.memoryBytes <= maxFewBytes;
    if (times instanceof FewTimes && !isFew) this.#times = manyOf(times, this.#seed);
  }

  /** The field lasts from now on, or is gone; false when it had no time. */
  remove(field: Uint8Array, start: number, end: number): boolean {
    return this.#times.remove(field, start, end);
  }

  /** Copies of the fields whose time has come, at most so many. */
  due(nowMs: number, max: number): Buffer[] {
    return this.nextMs > nowMs ? [] : this.#times.due(nowMs, max);
  }

  countDue(nowMs: number): number {
    return this.nextMs > nowMs ? 0 : this.#times.countDue(nowMs);
  }

  /**
   * Visits fields with their times, from 0 on, until `visit` returns false; returns where to go on,
   * 0 at the end. Nothing may change meanwhile. Few are visited whole, whatever it returns.
   */
  walk(from: number, visit: (field: Window, atMs: number) => boolean): number {
    return this.#times.walk(from, visit);
  }

  copy(seed: number): FieldTimes {
    const copy = new FieldTimes(seed);
    this.walk(0, ({ windowBuffer, windowStart, windowEnd }, atMs) => {
      copy.set(windowBuffer, windowStart, windowEnd, atMs);
      return true;
    });
    return copy;
  }
}

class FewTimes implements Times {
  nextMs = Number.POSITIVE_INFINITY;
  readonly #pairs = new Listpack();

  get size(): number {
    return this.#pairs.length / 2;
  }

  get memoryBytes(): number {
    return this.#pairs.reservedBytes;
  }

  at(field: Uint8Array, start: number, end: number): number {
    const place = this.#find(field, start, end);
    return place === 0 ? -1 : this.#timeOf(place);
  }

  set(field: Uint8Array, start: number, end: number, atMs: number): void {
    const pairs = this.#pairs;
    const place = this.#find(field, start, end);
    if (place !== 0) {
      const before = this.#timeOf(place);
      pairs.replaceInteger(pairs.next(place), atMs);
      if (before === this.nextMs) this.#lookForNext();
    } else {
      pairs.append(field, start, end);
      pairs.appendInteger(atMs);
    }
    if (atMs < this.nextMs) this.nextMs = atMs;
  }

  remove(field: Uint8Array, start: number, end: number): boolean {
    const place = this.#find(field, start, end);
    if (place === 0) return false;
    const before = this.#timeOf(place);
    this.#pairs.removeRange(place, 2);
    if (before === this.nextMs) this.#lookForNext();
    return true;
  }

  due(nowMs: number, max: number): Buffer[] {
    const fields: Buffer[] = [];
    this.walk(0, ({ windowBuffer, windowStart, windowEnd }, atMs) => {
      if (atMs <= nowMs && fields.length < max) {
        fields.push(Buffer.from(windowBuffer.subarray(windowStart, windowEnd)));
      }
      return true;
    });
    return fields;
  }

  countDue(nowMs: number): number {
    let count = 0;
    this.walk(0, (_, atMs) => {
      if (atMs <= nowMs) count++;
      return true;
    });
    return count;
  }

  walk(_from: number, visit: (field: Window, atMs: number) => boolean): number {
    const pairs = this.#pairs;
    for (let at = pairs.first(); at !== 0; at = pairs.next(pairs.next(at))) {
      pairs.read(at);
      visit(pairs, this.#timeOf(at));
    }
    return 0;
  }

  #find(field: Uint8Array, start: number, end: number): number {
    const pairs = this.#pairs;
    return pairs.find(field, start, end, pairs.first(), 1);
  }

  #timeOf(place: number): number {
    return this.#pairs.integer(this.#pairs.next(place));
  }

  #lookForNext(): void {
    this.nextMs = Number.POSITIVE_INFINITY;
    const pairs = this.#pairs;
    for (let at = pairs.first(); at !== 0; at = pairs.next(pairs.next(at))) {
      this.nextMs = Math.min(this.nextMs, this.#timeOf(at));
    }
  }
}

const noIndex = Buffer.alloc(4);

class ManyTimes implements Times {
  readonly #fields: ByteMap;
  readonly #heap = new ExpiryHeap((ref, index) => {
    const fields = this.#fields;
    fields.readValue(ref);
    fields.windowBuffer.writeInt32LE(index, fields.windowStart);
  });

  constructor(seed: number) {
    this.#fields = new ByteMap(seed);
  }

  get size(): number {
    return this.#fields.size;
  }

  get nextMs(): number {
    return this.#heap.size === 0 ? Number.POSITIVE_INFINITY : this.#heap.at(0);
  }

  get memoryBytes(): number {
    return manyOverheadBytes + this.#fields.memoryBytes + this.#heap.memoryBytes;
  }

  at(field: Uint8Array, start: number, end: number): number {
    const ref = this.#fields.find(field, start, end);
    return ref === 0 ? -1 : this.#heap.at(this.#indexOf(ref));
  }

  set(field: Uint8Array, start: number, end: number, atMs: number): void {
    const fields = this.#fields;
    const ref = fields.find(field, start, end);
    if (ref !== 0) {
      this.#heap.update(this.#indexOf(ref), atMs);
      return;
    }
    this.#heap.add(fields.insert(field, start, end, noIndex, 0, noIndex.length), atMs);
  }

  remove(field: Uint8Array, start: number, end: number): boolean {
    const fields = this.#fields;
    const ref = fields.find(field, start, end);
    if (ref === 0) return false;
    this.#heap.remove(this.#indexOf(ref));
    fields.remove(ref);
    return true;
  }

  due(nowMs: number, max: number): Buffer[] {
    const fields = this.#fields;
    return this.#heap.until(nowMs, max).map((ref) => {
      fields.readKey(ref);
      return Buffer.from(fields.windowBuffer.subarray(fields.windowStart, fields.windowEnd));
    });
  }

  countDue(nowMs: number): number {
    return this.#heap.until(nowMs, Number.POSITIVE_INFINITY).length;
  }

  walk(from: number, visit: (field: Window, atMs: number) => boolean): number {
    const fields = this.#fields;
    return fields.walk(from, (ref) => {
      const atMs = this.#heap.at(this.#indexOf(ref));
      fields.readKey(ref);
      return visit(fields, atMs);
    });
  }

  #indexOf(ref: number): number {
    const fields = this.#fields;
    fields.readValue(ref);
    return fields.windowBuffer.readInt32LE(fields.windowStart);
  }
}

function manyOf(few: FewTimes, seed: number): ManyTimes {
  const many = new ManyTimes(seed);
  few.walk(0, ({ windowBuffer, windowStart, windowEnd }, atMs) => {
    many.set(windowBuffer, windowStart, windowEnd, atMs);
    return true;
  });
  return many;
}
