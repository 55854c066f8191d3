/**
 * A request between MULTI and EXEC: a copy, because the bytes that it came in will be reused.
 * Dispatch makes it and, when its client's EXEC comes, runs it.
 */
import type { RequestArguments } from '../protocol/request-reader.ts';
import { encodeCommand } from '../protocol/resp-encode.ts';
import type { Call } from './call.ts';
import type { Client, QueuedRequest } from './client.ts';
import type { Command } from './command.ts';

/** Where a request's bytes lie; without a buffer it came inline, and has none in RESP. */
export interface RequestBytes {
  readonly buffer: Buffer | null;
  readonly start: number;
  readonly end: number;
}

export class QueuedCommand implements QueuedRequest, RequestArguments {
  readonly client: Client;
  readonly command: Command;
  readonly buffer: Buffer;
  readonly argc: number;
  readonly argStart: Int32Array;
  readonly argEnd: Int32Array;
  /** The whole request as RESP, for propagation. */
  readonly frame: Buffer;
  readonly #execute: (queued: QueuedCommand) => void;

  /** Takes over the request that is loaded in `call`; `execute` is what `run` does. */
  constructor(
    call: Call,
    command: Command,
    bytes: RequestBytes,
    execute: (queued: QueuedCommand) => void,
  ) {
    this.client = call.client;
    this.command = command;
    this.frame = frameOf(call, bytes.buffer, bytes.start, bytes.end);
    // In a RESP frame the arguments lie where they lay; an inline one has them in a buffer apart.
    const shift = bytes.buffer === null ? 0 : bytes.start;
    this.buffer = bytes.buffer === null ? Buffer.from(call.buffer) : this.frame;
    this.argc = call.argc;
    this.argStart = new Int32Array(call.argc);
    this.argEnd = new Int32Array(call.argc);
    for (let index = 0; index < call.argc; index++) {
      this.argStart[index] = call.argStart[index] - shift;
      this.argEnd[index] = call.argEnd[index] - shift;
    }
    this.#execute = execute;
  }

  get commandBits(): number {
    return this.command.bits;
  }

  get bytes(): number {
    return this.frame.length;
  }

  run(): void {
    this.#execute(this);
  }
}

/** A copy of the request's bytes; made from the arguments when it came inline. */
export function frameOf(call: Call, buffer: Buffer | null, start: number, end: number): Buffer {
  if (buffer !== null) return Buffer.from(buffer.subarray(start, end));
  return encodeCommand(Array.from({ length: call.argc }, (_, index) => call.arg(index)));
}
