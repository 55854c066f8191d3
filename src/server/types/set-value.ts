/**
 * A set: integers in an intset while they are few, then members as keys of a ByteMap. The forms and
 * when one becomes the other are Redis 7.0's; it never goes back to the intset.
 *
 * A member is addressed by its `ref`, whatever the form, until the set changes. Used by the set
 * commands and the RDB loader; it knows nothing of keys or replies.
 */
import { ByteMap } from './byte-map.ts';
import { IntSet } from './int-set.ts';
import {
  type ElementObserver,
  takeHashSeed,
  type Value,
  type ValueSettings,
  valueTypes,
} from './value.ts';

/** Redis's own limit, whatever set-max-intset-entries says. [t_set.c, 7.0] */
const maxIntsetEntries = 1 << 30;
/** This object, the intset and its buffer without their bytes. */
const overheadBytes = 320;

export class SetValue implements Value {
  readonly type = valueTypes.set;
  accountedBytes = 0;
  /** The window that `read` last opened; valid until the next change or read of any set. */
  windowBuffer: Buffer;
  windowStart = 0;
  windowEnd = 0;
  /** Told of members, once it has left the intset. */
  observer: ElementObserver | null = null;

  readonly #settings: ValueSettings;
  #members: IntSet | ByteMap = new IntSet();

  constructor(settings: ValueSettings) {
    this.#settings = settings;
    this.windowBuffer = this.#members.windowBuffer;
  }

  get size(): number {
    return this.#members.size;
  }

  get encoding(): string {
    return this.#members instanceof IntSet ? 'intset' : 'hashtable';
  }

  get memoryBytes(): number {
    const members = this.#members;
    const bytes = members instanceof IntSet ? members.reservedBytes : members.memoryBytes;
    return overheadBytes + bytes;
  }

  /** The whole set as an intset, while it is one; for reading. */
  get intset(): IntSet | null {
    return this.#members instanceof IntSet ? this.#members : null;
  }

  /**
   * Takes over the whole of a valid intset while this set is still empty: the way in for what has
   * been saved. False when it is too large to stay one.
   */
  adoptIntset(bytes: Uint8Array, start: number, end: number): boolean {
    const members = IntSet.from(bytes, start, end);
    if (members.size > this.#intsetLimit) return false;
    this.#members = members;
    return true;
  }

  /** The member with these bytes, 0 when it is none. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const members = this.#members;
    if (members instanceof IntSet) return members.indexOf(bytes, start, end) + 1;
    return members.find(bytes, start, end);
  }

  /** See `ByteMap.foundPosition`; 0 while it is an intset. */
  get foundPosition(): number {
    return this.#members instanceof IntSet ? 0 : this.#members.foundPosition;
  }

  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.find(bytes, start, end) !== 0;
  }

  /** True when the member is new. `bytes` must not be a window of this set. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    const members = this.#members;
    if (members instanceof IntSet) {
      const outcome = members.add(bytes, start, end);
      if (outcome === 'added') {
        if (members.size > this.#intsetLimit) this.#leaveIntset(members);
      }
      if (outcome !== 'not-an-integer') return outcome === 'added';
      this.#leaveIntset(members).insertNew(bytes, start, end, bytes, end, end);
      return true;
    }
    if (members.find(bytes, start, end) !== 0) return false;
    this.observer?.beforeChange(bytes, start, end);
    members.insert(bytes, start, end, bytes, end, end);
    return true;
  }

  /** True when there was such a member. */
  remove(bytes: Uint8Array, start: number, end: number): boolean {
    const ref = this.find(bytes, start, end);
    if (ref !== 0) this.removeRef(ref);
    return ref !== 0;
  }

  removeRef(ref: number): void {
    const members = this.#members;
    if (members instanceof IntSet) {
      members.removeAt(ref - 1);
      return;
    }
    if (this.observer !== null) {
      this.read(ref);
      this.observer.beforeChange(this.windowBuffer, this.windowStart, this.windowEnd);
    }
    members.remove(ref);
  }

  /** Removes several members, each given once. */
  removeRefs(refs: readonly number[]): void {
    // The refs of an intset are places in its order: those behind a removed one move up.
    const inOrder = this.#members instanceof IntSet ? refs.toSorted((a, b) => b - a) : refs;
    for (const ref of inOrder) this.removeRef(ref);
  }

  /** Opens the window on the member's bytes. */
  read(ref: number): void {
    const members = this.#members;
    if (members instanceof IntSet) {
      members.read(ref - 1);
      this.windowBuffer = members.windowBuffer;
      this.windowStart = 0;
      this.windowEnd = members.windowEnd;
    } else {
      members.readKey(ref);
      this.windowBuffer = members.windowBuffer;
      this.windowStart = members.windowStart;
      this.windowEnd = members.windowEnd;
    }
  }

  /**
   * Visits members as SCAN does: see `HashIndex.walk`. An intset is visited whole, in order,
   * whatever `visit` returns. `visit` must not change the set.
   */
  walk(from: number, visit: (ref: number) => boolean): number {
    const members = this.#members;
    if (!(members instanceof IntSet)) return members.walk(from, visit);
    for (let ref = 1; ref <= members.size; ref++) visit(ref);
    return 0;
  }

  /** A random member, each as likely as any other; 0 when there is none. */
  sample(random: () => number): number {
    const members = this.#members;
    if (!(members instanceof IntSet)) return members.sample(random);
    return members.size === 0 ? 0 : 1 + Math.floor(random() * members.size);
  }

  copy(): SetValue {
    const copy = new SetValue(this.#settings);
    const members = this.#members;
    copy.#members =
      members instanceof IntSet ? members.copy() : members.copy(takeHashSeed(this.#settings));
    return copy;
  }

  get #intsetLimit(): number {
    return Math.min(this.#settings.setMaxIntsetEntries, maxIntsetEntries);
  }

  #leaveIntset(integers: IntSet): ByteMap {
    const map = new ByteMap(takeHashSeed(this.#settings));
    for (let index = 0; index < integers.size; index++) {
      integers.read(index);
      const { windowBuffer, windowEnd } = integers;
      map.insertNew(windowBuffer, 0, windowEnd, windowBuffer, windowEnd, windowEnd);
    }
    this.#members = map;
    return map;
  }
}
