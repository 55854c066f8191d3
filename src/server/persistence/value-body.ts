/**
 * What the body of an RDB entry is to those who write it: the snapshot, which writes a large one in
 * pieces between requests, and DUMP and DEBUG OBJECT, which write it at once. body-of.ts chooses the
 * one for a value.
 */
import type { RdbOutput } from '../../rdb/rdb-output.ts';

export interface ValueBody {
  /** What stands before the entry's key. */
  readonly rdbType: number;
  /** Writes the body, or about `work` elements more of it; true when it is complete. */
  write(output: RdbOutput, work: number): boolean;
  /**
   * From here on the value may change: what is written is what it was when the guard came. Without
   * one it must stay as it is between its first piece and its last.
   */
  guard(): void;
  /** Ends the guard, whether or not everything is written. */
  release(): void;
}
