/**
 * The log of slow commands: the latest ones that took longer than `slowlog-log-slower-than`, with
 * their arguments, cut short, and without passwords. `command-timer.ts` decides what is slow.
 */
import type { RequestArguments } from '../protocol/request-reader.ts';
import type { Client } from './client.ts';

/** An entry keeps so many arguments, and so many bytes of each. [slowlog.h, 7.0] */
const maxArguments = 32;
const maxArgumentBytes = 128;
const redacted = Buffer.from('(redacted)');

export interface SlowlogEntry {
  readonly id: number;
  /** Unix seconds. */
  readonly timeSec: number;
  readonly durationUsec: number;
  readonly args: readonly Buffer[];
  readonly clientAddress: string;
  readonly clientName: string;
}

export class Slowlog {
  /** Newest first. */
  #entries: SlowlogEntry[] = [];
  #nextId = 0;

  get length(): number {
    return this.#entries.length;
  }

  /** The newest `count`. */
  latest(count: number): readonly SlowlogEntry[] {
    return this.#entries.slice(0, count);
  }

  /** Arguments at the places in `secrets` are not shown. Older entries go beyond `maxLength`. */
  add(
    entry: {
      readonly request: RequestArguments;
      readonly secrets: readonly number[];
      readonly client: Client;
      readonly durationUsec: number;
      readonly timeSec: number;
    },
    maxLength: number,
  ): void {
    const { request, secrets, client, durationUsec, timeSec } = entry;
    this.#entries.unshift({
      id: this.#nextId++,
      timeSec,
      durationUsec: Math.floor(durationUsec),
      args: shortArguments(request, secrets),
      clientAddress: client.transport.address,
      clientName: client.name,
    });
    if (this.#entries.length > maxLength) this.#entries.length = maxLength;
  }

  reset(): void {
    this.#entries = [];
  }
}

function shortArguments(request: RequestArguments, secrets: readonly number[]): Buffer[] {
  const { argc } = request;
  const args: Buffer[] = [];
  const shown = argc > maxArguments ? maxArguments - 1 : argc;
  for (let index = 0; index < shown; index++) {
    args.push(secrets.includes(index) ? redacted : shortArgument(request, index));
  }
  if (shown < argc) args.push(Buffer.from(`... (${argc - shown} more arguments)`));
  return args;
}

function shortArgument({ buffer, argStart, argEnd }: RequestArguments, index: number): Buffer {
  const start = argStart[index];
  const more = argEnd[index] - start - maxArgumentBytes;
  if (more <= 0) return Buffer.from(buffer.subarray(start, argEnd[index]));
  const kept = buffer.subarray(start, start + maxArgumentBytes);
  return Buffer.concat([kept, Buffer.from(`... (${more} more bytes)`)]);
}
