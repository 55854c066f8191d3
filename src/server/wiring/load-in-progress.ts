/**
 * What the ways of receiving a full sync have in common, for full-sync-loader.ts, which picks one.
 */
import type { LoadedFacts } from '../persistence/rdb-load.ts';

/** One way to load. Calls come as in RdbLoader. */
export interface LoadInProgress {
  feed(slice: Uint8Array): void | Promise<void>;
  /** Puts the new data set in place; `mayReplace` is asked before the old one is touched. */
  end(mayReplace: (keysComing: number) => void): LoadedFacts | Promise<LoadedFacts>;
  abort(reason: string): void;
}
