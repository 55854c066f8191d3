/**
 * The keys that blocked clients wait for: in which order, and which of them have got ready. Every
 * change of a key comes by here through `Keyspace.signalModified`; the waiters are served later,
 * when the command or transaction that made a key ready is over. Knows nothing of clients: whoever
 * waits is a KeyWaiter, see `blocked-clients.ts`.
 *
 * The order is Redis's: keys in the order in which they got ready, and for one key those first who
 * began first to wait for it.
 */
import type { ValueType } from '../types/value.ts';
import type { Database } from './database.ts';

export interface KeyWaiter {
  /** The type that the key must hold for this waiter to be served. */
  readonly wants: ValueType;
  /** It must also hear of a key that is gone, or holds another type. */
  readonly wantsLoss: boolean;
  /** Serves it from this key if it can; true when it no longer waits for anything. */
  serve(key: Buffer): boolean;
}

/** One key's waiters, the longest-waiting first. */
interface Queue {
  readonly db: Database;
  readonly key: Buffer;
  readonly waiters: Set<KeyWaiter>;
  /** How many of them want to hear of its loss. */
  lossWaiters: number;
  isReady: boolean;
}

export class AwaitedKeys {
  /** By database, then by key as latin1 text. */
  readonly #queues = new Map<Database, Map<string, Queue>>();
  readonly #typeAt: (db: Database, key: Buffer) => ValueType | null;
  #ready: Queue[] = [];

  /** `typeAt` tells what type of value a key holds, null for none. */
  constructor(typeAt: (db: Database, key: Buffer) => ValueType | null) {
    this.#typeAt = typeAt;
  }

  /** Whether anybody waits for any key. */
  get any(): boolean {
    return this.#queues.size !== 0;
  }

  /** Whether waiters may have something to be served with. */
  get anyReady(): boolean {
    return this.#ready.length !== 0;
  }

  // ---- waiting ----

  /** Waiting twice for one key is the same as once. */
  wait(db: Database, key: Buffer, waiter: KeyWaiter): void {
    const text = key.toString('latin1');
    let queues = this.#queues.get(db);
    if (queues === undefined) this.#queues.set(db, (queues = new Map()));
    let queue = queues.get(text);
    if (queue === undefined) {
      queue = { db, key, waiters: new Set(), lossWaiters: 0, isReady: false };
      queues.set(text, queue);
    }
    if (queue.waiters.has(waiter)) return;
    queue.waiters.add(waiter);
    if (waiter.wantsLoss) queue.lossWaiters++;
  }

  leave(db: Database, key: Buffer, waiter: KeyWaiter): void {
    const text = key.toString('latin1');
    const queues = this.#queues.get(db);
    const queue = queues?.get(text);
    if (queues === undefined || queue === undefined || !queue.waiters.delete(waiter)) return;
    if (waiter.wantsLoss) queue.lossWaiters--;
    if (queue.waiters.size === 0) queues.delete(text);
    if (queues.size === 0) this.#queues.delete(db);
  }

  // ---- getting ready ----

  /** A key has changed: if somebody waits for it, it is looked at when the command is over. */
  signal(db: Database, key: Uint8Array, start: number, end: number): void {
    const queues = this.#queues.get(db);
    if (queues === undefined) return;
    const text = Buffer.from(key.buffer, key.byteOffset + start, end - start).toString('latin1');
    const queue = queues.get(text);
    if (queue !== undefined) this.#markReady(queue);
  }

  /** The database has been emptied, or holds other data now. */
  signalAll(db: Database): void {
    this.#queues.get(db)?.forEach((queue) => this.#markReady(queue));
  }

  #markReady(queue: Queue): void {
    if (queue.isReady) return;
    queue.isReady = true;
    this.#ready.push(queue);
  }

  // ---- serving ----

  /** Serves whom the ready keys can serve; that may make other keys ready, which come next. */
  serve(): void {
    while (this.#ready.length > 0) {
      const round = this.#ready;
      this.#ready = [];
      for (const queue of round) {
        queue.isReady = false;
        this.#serveQueue(queue);
      }
    }
  }

  #serveQueue(queue: Queue): void {
    const { db, key, waiters } = queue;
    const type = this.#typeAt(db, key);
    if (type !== null) {
      for (const waiter of waiters) {
        // What this one takes may be the last element.
        if (waiter.wants === type && waiter.serve(key) && this.#typeAt(db, key) !== type) break;
      }
    }
    if (queue.lossWaiters === 0) return;
    for (const waiter of waiters) {
      if (waiter.wantsLoss && waiter.wants !== type) waiter.serve(key);
    }
  }
}
