/**
 * What an RDB holds that means nothing to this server, counted by kind while it is loaded: a
 * cluster's file has thousands of such items, and the log shall have one line for each kind.
 */
import type { SkippedItem } from '../../rdb/value-sink.ts';

export class SkippedItems {
  readonly #counts = new Map<SkippedItem, number>();

  add(item: SkippedItem): void {
    this.#counts.set(item, (this.#counts.get(item) ?? 0) + 1);
  }

  /** Sentences for the log, none when nothing was skipped. */
  lines(): string[] {
    return [...this.#counts].map(
      ([item, count]) => `Skipped ${count} ${item} ${count === 1 ? 'item' : 'items'} of the RDB`,
    );
  }
}
