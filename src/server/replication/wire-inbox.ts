/**
 * Turns the callbacks of a Wire into things that straight-line async code can await: the connection,
 * a line, a chunk; and at last the live stream, which is handed on without a promise per chunk.
 * Used by the replica link, one inbox per attempt. There is one reader at a time.
 */
import type { Clock } from '../../util/clock.ts';
import { assert } from '../../util/errors.ts';
import type { Wire, WireEvents } from './ports.ts';

/** Unread bytes above which the socket is paused. */
const pauseAboveBytes = 256 * 1024;
/** Longest line of the handshake; Redis's own lines are below 1 KiB. */
const maxLineBytes = 4096;

const lineFeed = 10;
const carriageReturn = 13;

/** The connection ended, timed out, was given up, or said something that we cannot accept. */
export class LinkBroken extends Error {
  /** The other end refuses us as we are: trying again will not help. */
  readonly refused: boolean;

  constructor(reason: string, options: { refused?: boolean } = {}) {
    super(reason);
    this.refused = options.refused ?? false;
  }
}

type Waiter = { resolve: () => void; reject: (error: LinkBroken) => void };

export class WireInbox {
  readonly events: WireEvents;
  readonly #clock: Clock;
  #wire: Wire | undefined;
  #connected = false;
  #broken: LinkBroken | undefined;
  #givenUp = false;
  #chunks: Uint8Array[] = [];
  #unreadBytes = 0;
  #paused = false;
  #waiter: Waiter | undefined;
  #onChunk: ((chunk: Uint8Array) => void) | undefined;
  #lastDataMs: number;
  #waitingSinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastDataMs = this.#waitingSinceMs = clock.monotonic();
    this.events = {
      onConnect: () => this.#onConnect(),
      onData: (chunk) => this.#onData(chunk),
      onClose: (reason) => this.fail(new LinkBroken(reason)),
    };
  }

  attach(wire: Wire): void {
    this.#wire = wire;
  }

  /** Milliseconds since anything came from the other end. */
  get sinceLastDataMs(): number {
    return this.#clock.monotonic() - this.#lastDataMs;
  }

  /** How long we have been waiting for the other end; 0 while it is we who are busy. */
  get waitingMs(): number {
    const waiting = this.#waiter !== undefined || this.#onChunk !== undefined;
    if (!waiting) return 0;
    return this.#clock.monotonic() - Math.max(this.#lastDataMs, this.#waitingSinceMs);
  }

  /** Every read, present and future, rejects with `reason`; the first reason stays. */
  fail(reason: LinkBroken): void {
    if (this.#broken !== undefined) return;
    this.#broken = reason;
    this.#onChunk = undefined;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.reject(reason);
  }

  /** We want nothing of it any more: what arrived and was not read is dropped too. */
  giveUp(reason: string): void {
    this.#givenUp = true;
    this.#chunks = [];
    this.fail(new LinkBroken(reason));
  }

  /** For code that was busy elsewhere meanwhile. */
  throwIfGivenUp(): void {
    if (this.#givenUp) this.#throwIfBroken();
  }

  async connected(): Promise<void> {
    while (!this.#connected) await this.#wait();
  }

  /** The next line, without its line end. */
  async readLine(): Promise<string> {
    for (;;) {
      const line = this.#takeLine();
      if (line !== undefined) return line;
      await this.#wait();
    }
  }

  /** The next bytes, as many as one chunk holds. */
  async readChunk(): Promise<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#unreadBytes -= chunk.length;
        this.#resumeWire();
        return chunk;
      }
      await this.#wait();
    }
  }

  /** Puts back bytes that were read too far. */
  unread(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.unshift(chunk);
    this.#unreadBytes += chunk.length;
  }

  /** Hands every chunk to `onChunk` as it arrives; rejects when the connection ends. */
  async stream(onChunk: (chunk: Uint8Array) => void): Promise<never> {
    this.#throwIfBroken();
    const early = this.#chunks;
    this.#chunks = [];
    this.#unreadBytes = 0;
    this.#onChunk = onChunk;
    this.#waitingSinceMs = this.#clock.monotonic();
    for (const chunk of early) this.#onChunk?.(chunk);
    this.#resumeWire();
    for (;;) await this.#wait();
  }

  #onConnect(): void {
    this.#connected = true;
    this.#wake();
  }

  #onData(chunk: Uint8Array): void {
    if (this.#broken !== undefined) return;
    this.#lastDataMs = this.#clock.monotonic();
    if (this.#onChunk !== undefined) {
      this.#onChunk(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes >= pauseAboveBytes && !this.#paused) {
      this.#paused = true;
      this.#wire?.pause();
    }
    this.#wake();
  }

  #resumeWire(): void {
    if (!this.#paused || this.#unreadBytes >= pauseAboveBytes) return;
    this.#paused = false;
    this.#wire?.resume();
  }

  #wait(): Promise<void> {
    this.#throwIfBroken();
    assert(this.#waiter === undefined, 'an inbox has one reader');
    this.#waitingSinceMs = this.#clock.monotonic();
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  #wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve();
  }

  /** What arrived before the end is still read; then the end is noticed. */
  #throwIfBroken(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  #takeLine(): string | undefined {
    let scanned = 0;
    for (let index = 0; index < this.#chunks.length; index++) {
      const at = this.#chunks[index].indexOf(lineFeed);
      if (at >= 0) return this.#cutLine(index, at);
      scanned += this.#chunks[index].length;
    }
    if (scanned > maxLineBytes) throw new LinkBroken(`no line end within ${scanned} bytes`);
    return undefined;
  }

  #cutLine(index: number, at: number): string {
    const last = this.#chunks[index];
    const parts = [...this.#chunks.slice(0, index), last.subarray(0, at)];
    this.#chunks = this.#chunks.slice(index + 1);
    const line = Buffer.concat(parts);
    this.#unreadBytes -= line.length + last.length - at;
    this.unread(last.subarray(at + 1));
    this.#resumeWire();
    const end = line[line.length - 1] === carriageReturn ? line.length - 1 : line.length;
    return line.toString('latin1', 0, end);
  }
}
