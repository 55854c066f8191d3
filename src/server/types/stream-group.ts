/**
 * A consumer group of a stream: how far it has been served, and which entries its consumers have
 * been given and not acknowledged yet. The pending entries lie in one table of the group, in the
 * order of their ids, each with its time, its count of deliveries and its owner; each consumer has
 * the ids of its own in a table besides. Both are found in O(log n).
 *
 * Whether an entry still exists in the stream is not this file's business: a pending entry may have
 * been deleted there. Used by StreamValue and the stream commands.
 */
import { addExact } from '../../util/int64.ts';
import { IdTable } from './id-table.ts';
import { StreamId } from '../../rdb/structure/stream-id.ts';

/** `entriesRead` of a group that has been set to an arbitrary place in the stream. */
export const entriesReadUnknown = -1;

/** The extra words of a pending entry; 64-bit numbers take two, the high one first. */
const pendingWord = { timeHigh: 0, timeLow: 1, countHigh: 2, countLow: 3, owner: 4 } as const;
const pendingWords = 5;
const idBytes = 16;
/** What objects and maps take per consumer, about. */
const consumerBytes = 300;
const groupBytes = 600;
const wordSpan = 0x1_0000_0000;
/** Up to here high · 2^32 + low is a safe integer. */
const maxSafeHigh = 0x1f_ffff;

export class StreamConsumer {
  /** One character a byte. */
  readonly name: string;
  /** The group's number for it, from 1 on; a deleted one's is given again. */
  readonly number: number;
  /** When it last tried to read, claim or was created, Unix milliseconds. */
  seenAtMs: number;
  /** The ids of its pending entries. Changed by the group alone. */
  pending = new IdTable(0);

  constructor(name: string, number: number, seenAtMs: number) {
    this.name = name;
    this.number = number;
    this.seenAtMs = seenAtMs;
  }
}

export class StreamGroup {
  /** One character a byte. */
  readonly name: string;
  /** The last entry that was delivered: new ones lie behind it. */
  readonly lastId = new StreamId();
  /**
   * How many of all entries ever added lie up to `lastId`, or `entriesReadUnknown`; a bigint where
   * a number is not exact.
   */
  entriesRead: number | bigint = entriesReadUnknown;
  /** The pending entries; read their facts with the methods below. Changed here alone. */
  pending = new IdTable(pendingWords);

  readonly #byName = new Map<string, StreamConsumer>();
  /** By number − 1. */
  readonly #byNumber: (StreamConsumer | null)[] = [];
  readonly #scratch = new StreamId();

  constructor(name: string) {
    this.name = name;
  }

  /** Bytes it takes, about. */
  get memoryBytes(): number {
    const consumers = this.#byName.size * consumerBytes;
    return groupBytes + consumers + this.pending.memoryBytes + this.pending.size * idBytes;
  }

  copy(): StreamGroup {
    const copy = new StreamGroup(this.name);
    copy.lastId.copyFrom(this.lastId);
    copy.entriesRead = this.entriesRead;
    copy.pending = this.pending.copy();
    for (const consumer of this.#byNumber) {
      if (consumer === null) {
        copy.#byNumber.push(null);
        continue;
      }
      const { name, number, seenAtMs } = consumer;
      const twin = new StreamConsumer(name, number, seenAtMs);
      twin.pending = consumer.pending.copy();
      copy.#byNumber.push(twin);
      copy.#byName.set(name, twin);
    }
    return copy;
  }

  // ---- consumers ----

  get consumerCount(): number {
    return this.#byName.size;
  }

  consumer(name: string): StreamConsumer | null {
    return this.#byName.get(name) ?? null;
  }

  /** All of them in the order of their names' bytes. */
  consumers(): StreamConsumer[] {
    return [...this.#byName.values()].sort(byName);
  }

  /** Adds a consumer with a name that none has. */
  createConsumer(name: string, nowMs: number): StreamConsumer {
    const free = this.#byNumber.indexOf(null);
    const index = free === -1 ? this.#byNumber.length : free;
    const consumer = new StreamConsumer(name, index + 1, nowMs);
    this.#byNumber[index] = consumer;
    this.#byName.set(name, consumer);
    return consumer;
  }

  /** Removes a consumer; its pending entries are nobody's any more, and gone. */
  deleteConsumer(consumer: StreamConsumer): void {
    const id = this.#scratch;
    const { pending } = consumer;
    for (let place = pending.first(); place !== -1; place = pending.next(place)) {
      this.pending.remove(this.pending.find(pending.readId(place, id)));
    }
    this.#byNumber[consumer.number - 1] = null;
    this.#byName.delete(consumer.name);
  }

  // ---- pending entries ----

  /** Who has the pending entry at `place` in hand; null while it is being loaded. */
  ownerAt(place: number): StreamConsumer | null {
    const number = this.pending.word(place, pendingWord.owner);
    return number === 0 ? null : this.#byNumber[number - 1];
  }

  /** When it was last delivered, Unix milliseconds. */
  deliveredAtMs(place: number): number {
    const { pending } = this;
    const high = pending.word(place, pendingWord.timeHigh);
    return high * wordSpan + (pending.word(place, pendingWord.timeLow) >>> 0);
  }

  setDeliveredAtMs(place: number, ms: number): void {
    this.pending.setWord(place, pendingWord.timeHigh, Math.floor(ms / wordSpan));
    this.pending.setWord(place, pendingWord.timeLow, ms);
  }

  /** How often it was delivered; a bigint where a number is not exact. */
  deliveriesAt(place: number): number | bigint {
    const high = this.pending.word(place, pendingWord.countHigh) >>> 0;
    const low = this.pending.word(place, pendingWord.countLow) >>> 0;
    return high > maxSafeHigh ? (BigInt(high) << 32n) | BigInt(low) : high * wordSpan + low;
  }

  setDeliveries(place: number, count: number | bigint): void {
    const high = typeof count === 'bigint' ? Number(count >> 32n) : Math.floor(count / wordSpan);
    const low = typeof count === 'bigint' ? Number(count & 0xffff_ffffn) : count;
    this.pending.setWord(place, pendingWord.countHigh, high);
    this.pending.setWord(place, pendingWord.countLow, low);
  }

  /** It was delivered once more. */
  countDelivery(place: number): void {
    this.setDeliveries(place, addExact(this.deliveriesAt(place), 1));
  }

  /** Adds a pending entry that belongs to nobody yet: `assign` must follow. */
  addPending(id: Readonly<StreamId>): number {
    return this.pending.insert(id);
  }

  /** Gives the pending entry at `place`, whose id is `id`, into the hands of a consumer. */
  assign(place: number, id: Readonly<StreamId>, consumer: StreamConsumer): void {
    const owner = this.ownerAt(place);
    if (owner === consumer) return;
    owner?.pending.remove(owner.pending.find(id));
    consumer.pending.insert(id);
    this.pending.setWord(place, pendingWord.owner, consumer.number);
  }

  /** An entry was sent to a consumer: it is pending from now on, whoever had it before. */
  deliver(id: Readonly<StreamId>, consumer: StreamConsumer, nowMs: number): number {
    const found = this.pending.find(id);
    const place = found === -1 ? this.addPending(id) : found;
    this.assign(place, id, consumer);
    this.setDeliveredAtMs(place, nowMs);
    this.setDeliveries(place, 1);
    return place;
  }

  /** Takes the pending entry at `place` off; returns the place of the one that followed. */
  removePending(place: number): number {
    const owner = this.ownerAt(place);
    if (owner !== null) {
      const id = this.pending.readId(place, this.#scratch);
      owner.pending.remove(owner.pending.find(id));
    }
    return this.pending.remove(place);
  }
}

/** Orders names as their bytes. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
