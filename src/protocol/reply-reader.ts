/**
 * Reads RESP2 replies from bytes that arrive in pieces. For clients of small replies (INFO, ROLE) and
 * of long ones up to some megabytes: a reply that is not all there is read again from its start, but
 * not before the bytes are there that it is known to need.
 *
 *   +text    -error    :integer    $length bytes    *count replies    $-1 and *-1: null
 */

import { parseSmallInteger } from '../util/int64.ts';

/** An error reply, as a value: the connection is fine. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

export type Reply = string | number | null | ReplyError | readonly Reply[];

export interface ReplyReaderOptions {
  /** How bytes become text: `latin1` keeps every byte as one character. */
  readonly encoding?: 'utf8' | 'latin1';
  /** What is longer than this is not something that was asked for. */
  readonly maxReplyBytes?: number;
}

const defaultMaxReplyBytes = 16 * 1024 * 1024;

const CR = 13;
const LF = 10;
const PLUS = 43;
const MINUS = 45;
const COLON = 58;
const DOLLAR = 36;
const STAR = 42;
const types = [DOLLAR, COLON, PLUS, STAR, MINUS];

export class ReplyReader {
  readonly #encoding: 'utf8' | 'latin1';
  readonly #maxReplyBytes: number;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** What has arrived since, not yet joined to `#bytes`. */
  #chunks: Buffer[] = [];
  #chunksBytes = 0;
  /** The reply at `#at` is not whole before so many bytes are there. */
  #neededBytes = 0;

  constructor({ encoding = 'utf8', maxReplyBytes }: ReplyReaderOptions = {}) {
    this.#encoding = encoding;
    this.#maxReplyBytes = maxReplyBytes ?? defaultMaxReplyBytes;
  }

  /** Takes what has arrived; what is read at once is not copied. */
  feed(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#chunksBytes += chunk.length;
  }

  /** The next whole reply; undefined when there is none yet. Throws for what is no RESP2. */
  next(): Reply | undefined {
    const available = this.#bytes.length - this.#at + this.#chunksBytes;
    if (available >= this.#neededBytes) {
      this.#join();
      const start = this.#at;
      this.#neededBytes = 0;
      const reply = this.#reply();
      if (reply !== undefined) return reply;
      this.#neededBytes = Math.max(this.#neededBytes - start, available + 1);
      this.#at = start;
    }
    if (available > this.#maxReplyBytes) throw protocolError('a reply is too long');
    return undefined;
  }

  #join(): void {
    if (this.#chunks.length === 0) return;
    const rest = this.#bytes.subarray(this.#at);
    const pieces = rest.length === 0 ? this.#chunks : [rest, ...this.#chunks];
    this.#bytes = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    this.#at = 0;
    this.#chunks = [];
    this.#chunksBytes = 0;
  }

  // ---- from here on undefined means: not all there ----

  #reply(): Reply | undefined {
    if (this.#at === this.#bytes.length) return undefined;
    const type = this.#bytes[this.#at];
    // What speaks something else may never send a line end: it is not waited for.
    if (!types.includes(type)) {
      throw protocolError(`a reply begins with ${JSON.stringify(String.fromCharCode(type))}`);
    }
    const start = this.#at + 1;
    const end = this.#lineEnd(start);
    if (end < start) return undefined;
    this.#at = end + 2;
    if (type === PLUS) return this.#bytes.toString(this.#encoding, start, end);
    if (type === MINUS) return new ReplyError(this.#bytes.toString(this.#encoding, start, end));
    const number = parseInteger(this.#bytes, start, end);
    if (type === COLON) return number;
    return type === DOLLAR ? this.#bulk(number) : this.#array(number);
  }

  /** Where the CR LF begins; lines are short, and a call into the runtime costs more than a look. */
  #lineEnd(start: number): number {
    const bytes = this.#bytes;
    const last = bytes.length - 1;
    for (let at = start; at < last; at++) {
      if (bytes[at] === CR && bytes[at + 1] === LF) return at;
    }
    return -1;
  }

  #bulk(length: number): string | null | undefined {
    if (length < 0) return null;
    const start = this.#at;
    const end = start + length;
    if (end + 2 > this.#bytes.length) {
      this.#neededBytes = end + 2;
      return undefined;
    }
    this.#at = end + 2;
    return this.#bytes.toString(this.#encoding, start, end);
  }

  #array(count: number): readonly Reply[] | null | undefined {
    if (count < 0) return null;
    const replies: Reply[] = [];
    while (replies.length < count) {
      const reply = this.#reply();
      if (reply === undefined) return undefined;
      replies.push(reply);
    }
    return replies;
  }
}

/** Digits without making a text of them; most replies of a large data set are short numbers. */
function parseInteger(bytes: Buffer, start: number, end: number): number {
  const small = parseSmallInteger(bytes, start, end);
  if (!Number.isNaN(small)) return small;
  const text = bytes.toString('latin1', start, end);
  if (!/^-?\d+$/.test(text)) throw protocolError(`a number is ${JSON.stringify(text)}`);
  return Number(text);
}

function protocolError(what: string): Error {
  return new Error(`Protocol error: ${what}`);
}
