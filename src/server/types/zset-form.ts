/**
 * What both forms of a sorted set can do: the listpack of a small one, the index of a large one.
 * ZsetValue chooses between them; its users see ZsetValue alone.
 */

/** Where bytes lie that have just been read; valid until the next read or change. */
interface ByteWindow {
  readonly windowBuffer: Buffer;
  readonly windowStart: number;
  readonly windowEnd: number;
}

/** A member is addressed by its `ref`, valid until the next change; 0 is none. */
export interface ZsetForm {
  readonly size: number;
  readonly memoryBytes: number;
  /** What `readMember` opens. */
  readonly window: ByteWindow;

  find(bytes: Uint8Array, start: number, end: number): number;
  scoreOf(ref: number): number;
  readMember(ref: number): void;

  /** Adds a member; the last `find` must have looked for it and not found it. */
  insert(score: number, bytes: Uint8Array, start: number, end: number): void;
  rescore(ref: number, score: number): void;
  remove(ref: number): void;
  /** Removes the members with the ranks `from` … `to` − 1. */
  removeRanks(from: number, to: number): void;

  /** How many members stand before this one. */
  rankOf(ref: number): number;
  /** How many members stand before the place of these bytes with this score. */
  countBelow(score: number, bytes: Uint8Array, start: number, end: number): number;
  /** How many members have a lower score, or with `orAt` a score at most this. */
  countBelowScore(score: number, orAt: boolean): number;
  /** How many members sort before these bytes, or with `orAt` at them, all scores being one. */
  countBelowMember(bytes: Uint8Array, start: number, end: number, orAt: boolean): number;

  /** Sets the cursor on the member with this rank, which must exist. */
  seek(rank: number): void;
  /** Moves the cursor up; false, without moving, at the last member. */
  next(): boolean;
  /** Moves the cursor down; false, without moving, at the first member. */
  previous(): boolean;
  /** The member at the cursor, and its score. */
  readonly cursorRef: number;
  readonly cursorScore: number;

  /** Visits all members, at least those from `from` on; see `ZsetValue.walk`. */
  walk(from: number, visit: (ref: number) => boolean): number;
  /** A random member, each as likely as any other; 0 when there is none. */
  sample(random: () => number): number;
}
