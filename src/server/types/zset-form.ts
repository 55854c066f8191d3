/**
 * What both forms of a sorted set can do: the listpack of a small one, the index of a large one.
 * ZsetValue chooses between them; its users see ZsetValue alone.
 */

/** Where bytes lie that have just been read; valid until the next read or change. */
export interface ByteWindow {
  readonly windowBuffer: Buffer;
  readonly windowStart: number;
  readonly windowEnd: number;
}

export interface ZsetForm {
  readonly size: number;
  readonly memoryBytes: number;

  /** The score of a member, NaN when it is none; remembered for the two that follow. */
  find(bytes: Uint8Array, start: number, end: number): number;
  /** Adds the member that the last `find` did not find. */
  insert(score: number, bytes: Uint8Array, start: number, end: number): void;
  /** Gives the member that the last `find` found another score. */
  rescore(score: number, bytes: Uint8Array, start: number, end: number): void;
  /** Removes the member that the last `find` found. */
  remove(bytes: Uint8Array, start: number, end: number): void;
  /** Removes the members with the ranks `from` … `to` − 1. */
  removeRanks(from: number, to: number): void;

  /** The rank of the member that the last `find` found: how many stand before it. */
  rank(bytes: Uint8Array, start: number, end: number): number;
  /** How many members have a lower score, or with `orAt` a score at most this. */
  countBelowScore(score: number, orAt: boolean): number;
  /** How many members sort before these bytes, or with `orAt` at them, all scores being one. */
  countBelowMember(bytes: Uint8Array, start: number, end: number, orAt: boolean): number;

  /** Sets the cursor on the member with this rank, which must exist. */
  seek(rank: number): void;
  /** Moves the cursor up; false, without moving, behind the last member. */
  next(): boolean;
  /** Moves the cursor down; false, without moving, before the first member. */
  previous(): boolean;
  /** The score at the cursor. */
  readonly cursorScore: number;
  /** The member's bytes at the cursor. */
  readMember(): ByteWindow;
}
