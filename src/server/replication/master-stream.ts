/**
 * The live stream from our master: every chunk goes to the applier, and what was applied goes,
 * unchanged, into our own log, so that offsets are the same down a chain. Only whole commands count
 * in the offset; bytes of an unfinished one are kept by reference until it is applied.
 * Owned by the replica link.
 */
import { assert } from '../../util/errors.ts';
import type { StreamApplier } from './ports.ts';
import { StreamError } from './ports.ts';
import type { ReplicationLog } from './replication-log.ts';

export class MasterStream {
  /** The master wants to know our offset. */
  ackWanted = false;
  /** Why a `take` failed; '' while the stream is valid. */
  error = '';
  readonly #applier: StreamApplier;
  readonly #log: ReplicationLog;
  /** Received and not yet appended; the first chunk from `#startInFirst` on. */
  #pending: Uint8Array[] = [];
  #startInFirst = 0;
  #pendingBytes = 0;

  constructor(applier: StreamApplier, log: ReplicationLog) {
    this.#applier = applier;
    this.#log = log;
  }

  get unappliedBytes(): number {
    return this.#pendingBytes;
  }

  begin(start: { selectedDb: number; master: string }): void {
    this.ackWanted = false;
    this.error = '';
    this.#forget();
    this.#applier.begin(start);
  }

  end(): void {
    this.#applier.end();
    this.#forget();
  }

  /** False when the stream is not valid: `error` says why, and the stream must be ended. */
  take(chunk: Uint8Array): boolean {
    const applied = this.#apply(chunk);
    // The usual case: nothing was pending, and the chunk ends with a command.
    if (this.#pendingBytes === 0 && applied === chunk.length) {
      this.#log.append(chunk, 0, chunk.length);
    } else {
      if (chunk.length > 0) this.#pending.push(chunk);
      this.#pendingBytes += chunk.length;
      this.#appendPending(applied);
    }
    return this.error === '';
  }

  #apply(chunk: Uint8Array): number {
    try {
      return this.#applier.apply(chunk);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.error = error.message;
      return error.appliedBytes;
    }
  }

  #appendPending(count: number): void {
    assert(count <= this.#pendingBytes, 'no more can be applied than was received');
    this.#pendingBytes -= count;
    for (let left = count, done = 0; left > 0;) {
      const chunk = this.#pending[0];
      done = Math.min(left, chunk.length - this.#startInFirst);
      this.#log.append(chunk, this.#startInFirst, this.#startInFirst + done);
      left -= done;
      this.#startInFirst += done;
      if (this.#startInFirst === chunk.length) {
        this.#pending.shift();
        this.#startInFirst = 0;
      }
    }
  }

  #forget(): void {
    this.#pending = [];
    this.#startInFirst = 0;
    this.#pendingBytes = 0;
  }
}
