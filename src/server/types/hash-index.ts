/**
 * The open-addressing table that finds an entry by its hash: extendible hashing over small
 * segments, each a typed array of [hash, ref] pairs with linear probing. A full segment doubles,
 * and from `maxSegmentSlots` on it splits in two, so growing never touches more than one segment
 * and never stalls, whatever the number of keys.
 *
 *     hash  31 ........ 0
 *           [ directory ][ home slot ][ rest ]
 *
 * Both parts are the *high* bits, so the table is ordered by hash (probing aside). SCAN relies on
 * it: its cursor is a position in hash space, which stays meaningful through growing, splitting
 * and shrinking. Keys themselves are the Dict's business: the index only knows hashes and refs.
 */
import { assert } from '../../util/errors.ts';

const minSegmentSlots = 16;
/** 32 KiB of slots: doubling or splitting one takes some 20 µs. */
const maxSegmentSlots = 4096;
/** With 2^20 segments of 2^12 slots the 32 hash bits are used up: four thousand million keys. */
const maxDepth = 20;

/** A table of usual load gives an entry every other time; one that was emptied, hardly ever. */
const triesBeforeMeasuring = 64;
const maxSampleTries = 512;
/** A table that has grown by itself has between 1.3 and 2.7. */
const slotsPerReserved = 1.6;
/** How many hashes there are. */
const hashSpace = 0x1_0000_0000;
/** Segments with as many entries differ from each other by some 3 %. */
const evenCount = 1024;

/** One piece of the table. Slot i is `slots[2i]` = hash and `slots[2i + 1]` = ref (0: empty). */
export class Segment {
  slots: Int32Array;
  /** Slot count − 1; the count is a power of two. */
  mask: number;
  /** Right shift that turns `hash << depth` into a home slot: 32 − log2(slot count). */
  shift: number;
  /** How many high hash bits all entries of this segment share. */
  depth: number;
  count = 0;

  constructor(slotCount: number, depth: number) {
    this.slots = new Int32Array(slotCount * 2);
    this.mask = slotCount - 1;
    this.shift = Math.clz32(slotCount) + 1;
    this.depth = depth;
  }
}

export class HashIndex {
  /** Entries in the table. */
  size = 0;
  /** 2^directoryBits segments by the high hash bits; neighbours may share one segment. */
  #directory: Segment[];
  /** 32 − directoryBits; starts at one bit, since a shift by 32 would be no shift. */
  #directoryShift = 31;
  /** Slots there would be if all segments were as finely divided as the finest, or more. */
  #finestSlots = 2 * minSegmentSlots;
  /** Bytes in all segments' slots. */
  #slotBytes = 2 * minSegmentSlots * 8;

  constructor() {
    this.#directory = [new Segment(minSegmentSlots, 1), new Segment(minSegmentSlots, 1)];
  }

  get memoryBytes(): number {
    return this.#slotBytes + this.#directory.length * 8;
  }

  /**
   * Divides an empty table as it will be for so many entries. Needed where they come in the order of
   * their hashes: in a table that is to grow they would all begin in the same few slots.
   */
  reserve(entries: number): void {
    assert(this.size === 0, 'only an empty table is divided beforehand');
    const slots = entries * slotsPerReserved;
    const depth = Math.max(1, Math.min(maxDepth, Math.ceil(Math.log2(slots / maxSegmentSlots))));
    let slotCount = minSegmentSlots;
    while (slotCount < maxSegmentSlots && slotCount * 2 ** depth < slots) slotCount *= 2;
    this.#directory = Array.from({ length: 2 ** depth }, () => new Segment(slotCount, depth));
    this.#directoryShift = 32 - depth;
    this.#finestSlots = slotCount * 2 ** depth;
    this.#slotBytes = slotCount * 2 ** depth * 8;
  }

  /** The segment that holds, or would hold, `hash`. Probe it with `homeOf` and `next`. */
  segmentOf(hash: number): Segment {
    return this.#directory[hash >>> this.#directoryShift];
  }

  /** The ref in the slot where probing for `hash` starts: most likely the one, or 0. */
  guess(hash: number): number {
    const segment = this.segmentOf(hash);
    return segment.slots[homeOf(segment, hash) * 2 + 1];
  }

  /** Adds a ref that is known not to be in the table. */
  insert(hash: number, ref: number): void {
    let segment = this.segmentOf(hash);
    while ((segment.count + 1) * 4 > (segment.mask + 1) * 3) {
      this.#makeRoom(segment);
      segment = this.segmentOf(hash);
    }
    place(segment, hash, ref);
    segment.count++;
    this.size++;
  }

  /** The same key now lives at `newRef`. */
  replace(hash: number, oldRef: number, newRef: number): void {
    const segment = this.segmentOf(hash);
    segment.slots[slotOf(segment, hash, oldRef) * 2 + 1] = newRef;
  }

  remove(hash: number, ref: number): void {
    const segment = this.segmentOf(hash);
    closeGap(segment, slotOf(segment, hash, ref));
    segment.count--;
    this.size--;
    if (segment.mask >= minSegmentSlots && segment.count * 4 < segment.mask) {
      this.#resize(segment, (segment.mask + 1) / 2);
    }
  }

  /**
   * Visits entries from hash position `from` (0 … 2^32 − 1) on, in order of their home slots.
   * `visit` returns false to stop after the home slot it is in, whose entries are all visited.
   * Returns the position to go on from, 0 when the table has been walked to its end.
   * `visit` must not add or remove entries.
   */
  walk(from: number, visit: (ref: number) => boolean): number {
    let position = from;
    for (;;) {
      const segment = this.segmentOf(position);
      const span = 2 ** (32 - segment.depth);
      const segmentStart = position - (position % span);
      const slotSpan = span / (segment.mask + 1);
      let home = homeOf(segment, position);
      let going = true;
      while (going && home <= segment.mask) {
        going = visitHome(segment, home, position, visit);
        home++;
      }
      position = segmentStart + home * slotSpan;
      if (position >= 0x1_0000_0000) return 0;
      if (!going) return position;
    }
  }

  /**
   * A ref picked at random, each as likely as any other; 0 when the table is empty. `random()` is
   * in [0, 1). Slots are drawn over hash space as if all segments were as finely divided as the
   * finest, so that one with few slots for its share of the hashes is not drawn too often. In a
   * large segment the draw is repeated until it hits: those hold nearly as many entries each.
   */
  sample(random: () => number): number {
    if (this.size === 0) return 0;
    for (let tries = 0; tries < maxSampleTries; tries++) {
      const segment = this.segmentOf(random() * hashSpace);
      const { slots, mask, count } = segment;
      if (count >= evenCount) return sampleSlots(slots, mask, random);
      const slot = Math.floor((random() * this.#finestSlots) / 2 ** segment.depth);
      const ref = slot > mask ? 0 : slots[slot * 2 + 1];
      if (ref !== 0) return ref;
      // Removing may have left the finest segment coarser than it was.
      if (tries === triesBeforeMeasuring) this.#measureFinest();
    }
    return this.#firstFrom(Math.floor(random() * hashSpace));
  }

  /** The first entry from a position in hash space on, going round at its end. */
  #firstFrom(position: number): number {
    let found = 0;
    const visit = (ref: number): boolean => {
      found = ref;
      return false;
    };
    this.walk(position, visit);
    if (found === 0) this.walk(0, visit);
    return found;
  }

  #noteFineness(segment: Segment): void {
    this.#finestSlots = Math.max(this.#finestSlots, (segment.mask + 1) * 2 ** segment.depth);
  }

  #measureFinest(): void {
    this.#finestSlots = 0;
    for (const segment of this.#directory) this.#noteFineness(segment);
  }

  #makeRoom(segment: Segment): void {
    if (segment.mask + 1 < maxSegmentSlots || segment.depth === maxDepth) {
      this.#resize(segment, (segment.mask + 1) * 2);
    } else {
      this.#split(segment);
    }
  }

  #resize(segment: Segment, slotCount: number): void {
    const old = segment.slots;
    this.#slotBytes += slotCount * 8 - old.byteLength;
    segment.slots = new Int32Array(slotCount * 2);
    segment.mask = slotCount - 1;
    segment.shift = Math.clz32(slotCount) + 1;
    this.#noteFineness(segment);
    for (let at = 0; at < old.length; at += 2) {
      const ref = old[at + 1];
      if (ref !== 0) place(segment, old[at], ref);
    }
  }

  #split(segment: Segment): void {
    const depth = segment.depth + 1;
    if (depth > 32 - this.#directoryShift) this.#doubleDirectory();
    const halves = [new Segment(maxSegmentSlots, depth), new Segment(maxSegmentSlots, depth)];
    this.#slotBytes += maxSegmentSlots * 8;
    this.#noteFineness(halves[0]);
    const slots = segment.slots;
    for (let at = 0; at < slots.length; at += 2) {
      const ref = slots[at + 1];
      if (ref === 0) continue;
      const hash = slots[at];
      const half = halves[(hash >>> (32 - depth)) & 1];
      place(half, hash, ref);
      half.count++;
    }
    this.#redirect(segment, halves, depth);
  }

  /** Points the run of directory places that held `segment` at its two halves. */
  #redirect(segment: Segment, halves: Segment[], depth: number): void {
    const first = this.#directory.indexOf(segment);
    const eachCount = 2 ** (32 - this.#directoryShift - depth);
    for (let index = 0; index < eachCount * 2; index++) {
      this.#directory[first + index] = halves[index < eachCount ? 0 : 1];
    }
  }

  #doubleDirectory(): void {
    const doubled: Segment[] = [];
    for (const segment of this.#directory) doubled.push(segment, segment);
    this.#directory = doubled;
    this.#directoryShift--;
    assert(this.#directoryShift >= 32 - maxDepth, 'a directory of at most 2^20 places');
  }
}

/** The slot where probing for `hash` starts. */
export function homeOf(segment: Segment, hash: number): number {
  return (hash << segment.depth) >>> segment.shift;
}

function place(segment: Segment, hash: number, ref: number): void {
  const { slots, mask } = segment;
  let slot = homeOf(segment, hash);
  while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
  slots[slot * 2] = hash;
  slots[slot * 2 + 1] = ref;
}

function slotOf(segment: Segment, hash: number, ref: number): number {
  const { slots, mask } = segment;
  let slot = homeOf(segment, hash);
  for (;;) {
    const found = slots[slot * 2 + 1];
    if (found === ref) return slot;
    assert(found !== 0, 'the ref is in the table');
    slot = (slot + 1) & mask;
  }
}

/** Linear probing without tombstones: later entries of the run move back into the gap. */
function closeGap(segment: Segment, emptied: number): void {
  const { slots, mask } = segment;
  let gap = emptied;
  for (let slot = (gap + 1) & mask; slots[slot * 2 + 1] !== 0; slot = (slot + 1) & mask) {
    const home = homeOf(segment, slots[slot * 2]);
    // An entry whose home lies after the gap (going round) is still reachable where it is.
    if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
    slots[gap * 2] = slots[slot * 2];
    slots[gap * 2 + 1] = slots[slot * 2 + 1];
    gap = slot;
  }
  slots[gap * 2 + 1] = 0;
}

/** Visits the entries at home in one slot; they lie in the run that starts there. */
function visitHome(
  segment: Segment,
  home: number,
  from: number,
  visit: (ref: number) => boolean,
): boolean {
  const { slots, mask } = segment;
  let going = true;
  for (let slot = home; slots[slot * 2 + 1] !== 0; slot = (slot + 1) & mask) {
    const hash = slots[slot * 2];
    // After a shrink the first home slot may cover hashes that an earlier call has visited.
    if (homeOf(segment, hash) !== home || hash >>> 0 < from) continue;
    if (!visit(slots[slot * 2 + 1])) going = false;
    if (((slot + 1) & mask) === home) break;
  }
  return going;
}

/** The ref in a random used slot; there must be some. */
function sampleSlots(slots: Int32Array, mask: number, random: () => number): number {
  for (;;) {
    const ref = slots[Math.floor(random() * (mask + 1)) * 2 + 1];
    if (ref !== 0) return ref;
  }
}
