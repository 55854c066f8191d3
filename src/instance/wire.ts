/**
 * One connection as requests and replies, without deadlines and without words for what goes wrong:
 * `connection.ts` adds both. Two kinds: ioredis-wire.ts for whatever is done to servers, and
 * plain-wire.ts for looking at them, which starts in a third of the time.
 */
import type { Address } from './address.ts';
import type { Tls } from './tls.ts';

export interface Wire {
  /** Opens the socket. Rejects with what the socket says. Called once, first. */
  connect(): Promise<void>;
  /**
   * Sends one command and returns its reply: text, numbers, null and arrays of them. Rejects with
   * an error whose name is `ReplyError` for an error reply, with any other when the connection broke.
   */
  call(args: readonly string[]): Promise<unknown>;
  /** Ends the connection at once: a polite end would wait for a frozen peer. Twice is harmless. */
  destroy(): void;
}

export interface WireTarget extends Address {
  readonly timeoutMs: number;
  readonly tls?: Tls;
}
