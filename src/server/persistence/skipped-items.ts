/**
 * What an RDB holds that means nothing to this server, counted by kind while it is loaded: a
 * cluster's file has thousands of such items, and the log shall have one line for each kind.
 */
import type { SkippedItem } from '../../rdb/value-sink.ts';

/** Of keys without a value, so many are named. */
const maxNamedKeys = 10;

export class SkippedItems {
  readonly #counts = new Map<SkippedItem, number>();
  readonly #emptyKeys: string[] = [];
  #emptyKeyCount = 0;

  add(item: SkippedItem): void {
    this.#counts.set(item, (this.#counts.get(item) ?? 0) + 1);
  }

  /** A collection without elements. */
  addEmptyKey(key: Buffer): void {
    this.#emptyKeyCount++;
    if (this.#emptyKeys.length < maxNamedKeys) this.#emptyKeys.push(key.toString());
  }

  /** Sentences for the log, none when nothing was skipped. */
  lines(): string[] {
    const items = [...this.#counts].map(
      ([item, count]) => `Skipped ${count} ${item} ${count === 1 ? 'item' : 'items'} of the RDB`,
    );
    if (this.#emptyKeyCount === 0) return items;
    const named = this.#emptyKeys.map((key) => `skipping empty key: ${key}`);
    return [...items, ...named, `empty keys skipped: ${this.#emptyKeyCount}`];
  }
}
