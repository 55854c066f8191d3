/**
 * One increment file that is being appended to. Bytes are gathered in memory during a turn and
 * written at its end: before the replies leave, or in the background while a sync would make a write
 * wait. Every write says its place in the file, so the two may follow each other at any time. When
 * the disk refuses, the bytes are kept and tried again.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  write,
  writeSync,
} from 'node:fs';
import { copyBytes } from '../../util/copy-bytes.ts';

const fileMode = 0o600;
const minBufferBytes = 64 * 1024;
/** A buffer that one large turn has made grow is not kept for small ones. */
const maxIdleBufferBytes = 1024 * 1024;

export interface AofWriterEvents {
  /** The disk refused a write, or takes them again (null). */
  onStatus(error: Error | null): void;
  /** More of the file is safe on the disk. */
  onSynced(): void;
}

interface InFlight {
  readonly bytes: Buffer;
  readonly at: number;
  done: number;
}

export class AofWriter {
  readonly path: string;
  readonly #fd: number;
  readonly #events: AofWriterEvents;
  #buffer = Buffer.allocUnsafeSlow(minBufferBytes);
  /** Bytes in `#buffer`. */
  #gathered = 0;
  /** Where in the file the first of them goes. */
  #gatheredAt = 0;
  /** What is being written in the background; failed writes stay here until they go through. */
  #inFlight: InFlight | null = null;
  #busy = false;
  #failure: Error | null = null;
  #syncedBytes = 0;
  #syncing = false;
  #closing = false;

  /** Opens the file to go on at `sizeBytes`, its present end. Throws the system's error. */
  constructor(path: string, sizeBytes: number, events: AofWriterEvents) {
    this.path = path;
    this.#events = events;
    this.#fd = openSync(path, sizeBytes === 0 ? 'w' : 'r+', fileMode);
    this.#gatheredAt = this.#syncedBytes = sizeBytes;
  }

  /** Bytes of the file once everything is written. */
  get sizeBytes(): number {
    return this.#gatheredAt + this.#gathered;
  }

  /** Bytes that the kernel does not have yet. */
  get pendingBytes(): number {
    const inFlight =
      this.#inFlight === null ? 0 : this.#inFlight.bytes.length - this.#inFlight.done;
    return this.#gathered + inFlight;
  }

  /** Bytes that survive a crash of the machine. */
  get syncedBytes(): number {
    return this.#syncedBytes;
  }

  get syncing(): boolean {
    return this.#syncing;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#gathered + end - start;
    if (needed > this.#buffer.length) this.#grow(needed);
    this.#gathered = copyBytes(bytes, start, end, this.#buffer, this.#gathered);
  }

  /** Writes what was gathered, in the background. */
  write(): void {
    if (this.#busy) return;
    if (this.#inFlight === null) {
      if (this.#gathered === 0) return;
      this.#inFlight = this.#sendOff();
    }
    const { bytes, at, done } = this.#inFlight;
    this.#busy = true;
    write(this.#fd, bytes, done, bytes.length - done, at + done, (error, written) => {
      this.#busy = false;
      this.#onWritten(error, written);
    });
  }

  /**
   * Writes what was gathered before it returns, unless the disk is busy with this file, or has
   * refused: then see `retryNow`.
   */
  writeNow(): void {
    if (this.#failure !== null) return;
    if (this.#busy || this.#syncing || this.#inFlight !== null || this.#gathered === 0) {
      this.write();
      return;
    }
    try {
      writeAllNow(this.#fd, this.#buffer.subarray(0, this.#gathered), this.#gatheredAt);
      this.#gatheredAt += this.#gathered;
      this.#gathered = 0;
    } catch (error) {
      this.#inFlight = this.#sendOff();
      this.#fail(error as Error);
    }
  }

  /**
   * Tries again what the disk has refused. Before it returns: were half of it written, and the rest
   * refused again, that half would be there until it is cut off.
   */
  retryNow(): void {
    if (this.#busy) return;
    try {
      this.writeAllNow();
    } catch (error) {
      this.#inFlight ??= this.#sendOff();
      this.#fail(error as Error);
    }
  }

  /** Writes everything before it returns, so that nothing is lost by `close`. Throws as the disk does. */
  writeAllNow(): void {
    if (this.pendingBytes === 0) return;
    const waiting = this.#inFlight;
    if (waiting !== null) {
      // Written twice at worst, the same bytes at the same place.
      writeAllNow(this.#fd, waiting.bytes.subarray(waiting.done), waiting.at + waiting.done);
      if (!this.#busy) this.#inFlight = null;
    }
    if (this.#gathered > 0) {
      writeAllNow(this.#fd, this.#buffer.subarray(0, this.#gathered), this.#gatheredAt);
      this.#gatheredAt += this.#gathered;
      this.#gathered = 0;
    }
    this.#recover();
  }

  /** The same, and syncs it. */
  writeAndSyncNow(): void {
    this.writeAllNow();
    if (this.#syncedBytes === this.#gatheredAt) return;
    fdatasyncSync(this.#fd);
    this.#syncedBytes = this.#gatheredAt;
    this.#events.onSynced();
  }

  /** Syncs in the background what is written; false when the last one is still at it. */
  sync(): boolean {
    if (this.#syncing) return false;
    const upTo = this.#inFlight?.at ?? this.#gatheredAt;
    if (upTo === this.#syncedBytes) return true;
    this.#syncing = true;
    fdatasync(this.#fd, (error) => {
      this.#syncing = false;
      if (error === null) {
        this.#onSynced(upTo);
        if (this.#inFlight === null) this.#recover();
      } else {
        this.#fail(error);
      }
      this.#closeIfIdle();
    });
    return true;
  }

  /** Writes and syncs the rest in the background, then closes. Nothing is appended any more. */
  close(): void {
    this.#closing = true;
    this.write();
    this.#closeIfIdle();
  }

  /** The same before it returns, for a server that goes down. Throws the system's error. */
  closeNow(): void {
    this.writeAndSyncNow();
    if (this.#busy || this.#syncing) this.close();
    else closeSync(this.#fd);
  }

  #onSynced(upTo: number): void {
    this.#syncedBytes = Math.max(this.#syncedBytes, upTo);
    this.#events.onSynced();
  }

  #onWritten(error: Error | null, written: number): void {
    const inFlight = this.#inFlight;
    if (inFlight === null) return;
    if (error !== null) {
      this.#fail(error);
      this.#closeIfIdle();
      return;
    }
    inFlight.done += written;
    if (inFlight.done === inFlight.bytes.length) {
      this.#inFlight = null;
      this.#recover();
    }
    this.write();
    this.#closeIfIdle();
  }

  #fail(error: Error): void {
    this.#failure = error;
    // Half a command at the end would be cut off by the next load, and by nobody before.
    if (this.#inFlight !== null) tryTruncate(this.#fd, this.#inFlight.at);
    if (this.#inFlight !== null) this.#inFlight.done = 0;
    this.#events.onStatus(error);
  }

  #recover(): void {
    if (this.#failure === null) return;
    this.#failure = null;
    this.#events.onStatus(null);
  }

  #closeIfIdle(): void {
    if (!this.#closing || this.#busy || this.#syncing) return;
    const failed = this.#failure !== null;
    if (!failed && (this.#inFlight !== null || this.#gathered > 0)) return;
    if (!failed && this.#syncedBytes < this.#gatheredAt) {
      this.sync();
      return;
    }
    this.#closing = false;
    closeSync(this.#fd);
  }

  /** What was gathered is on its way from now on; there is a buffer anew. */
  #sendOff(): InFlight {
    const bytes = this.#buffer.subarray(0, this.#gathered);
    const at = this.#gatheredAt;
    const size = Math.min(Math.max(minBufferBytes, this.#gathered), maxIdleBufferBytes);
    this.#buffer = Buffer.allocUnsafeSlow(size);
    this.#gatheredAt += bytes.length;
    this.#gathered = 0;
    return { bytes, at, done: 0 };
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#gathered);
    this.#buffer = grown;
  }
}

function writeAllNow(fd: number, bytes: Buffer, at: number): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
}

function tryTruncate(fd: number, length: number): void {
  try {
    ftruncateSync(fd, length);
  } catch {
    // The disk is failing already; the load of the file copes with a torn end.
  }
}
