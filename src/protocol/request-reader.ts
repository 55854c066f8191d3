/**
 * Reads requests off the wire: RESP arrays of bulk strings, or inline lines. Nothing is copied and
 * nothing is allocated per request: the arguments are pairs of positions in the buffer.
 *
 *     *2\r\n $3\r\n GET\r\n $1\r\n k\r\n          argStart/argEnd point at `GET` and `k`
 *
 * One reader serves all connections, because most requests arrive whole. A long request that
 * arrives in pieces keeps the reader it began with (see `isMidway`), so that its arguments are
 * counted once however many pieces there are. Limits and error texts are Redis 7.0's.
 */

/** Returned instead of a position: the request is not all there yet. */
export const INCOMPLETE = -1;
/** Returned instead of a position: see `error`; the connection must be closed. */
export const PROTOCOL_ERROR = -2;

/** A line with a count, or an inline request, may be this long. [networking.c, 7.0] */
const maxInlineBytes = 64 * 1024;
const maxArguments = 0x7fff_ffff;
/** What a client may send before it has authenticated. [networking.c, 7.0] */
const maxUnauthenticatedArguments = 10;
const maxUnauthenticatedBulkBytes = 16 * 1024;
/** A request this far along is continued, not begun anew, when more of it arrives. */
const midwayArguments = 64;

const CR = 13;
const LF = 10;
const DASH = 45;
const ZERO = 48;
const DOLLAR = 36;
const STAR = 42;

const LINE_INCOMPLETE = -0x8000_0000_0000;
const LINE_INVALID = -0x8000_0000_0001;
const LINE_TOO_LONG = -0x8000_0000_0002;

/** Splits an inline request into its arguments, latin1 both ways; null for unbalanced quotes. */
export type SplitInline = (line: string) => string[] | null;

/** A request's arguments as windows: a reader has them, and whoever keeps a request for later. */
export interface RequestArguments {
  /** Argument i is `buffer[argStart[i] … argEnd[i])`; argument 0 is the command's name. */
  readonly buffer: Buffer;
  readonly argc: number;
  readonly argStart: Int32Array;
  readonly argEnd: Int32Array;
}

export class RequestReader implements RequestArguments {
  /** The arguments' bytes: the buffer given to `parse`, or the reader's own after an inline one. */
  buffer: Buffer = Buffer.alloc(0);
  argc = 0;
  argStart = new Int32Array(64);
  argEnd = new Int32Array(64);
  /** The last request was an inline one: its bytes on the wire are not RESP. */
  inline = false;
  /** After PROTOCOL_ERROR: the text behind `-ERR Protocol error: `. */
  error = '';
  /** After INCOMPLETE: parsing is pointless before the buffer reaches this position. */
  neededEnd = 0;
  /** After INCOMPLETE within an argument: where it begins; −1 elsewhere. */
  argumentStart = -1;
  /** `proto-max-bulk-len`. */
  maxBulkBytes = 512 * 1024 * 1024;

  readonly #splitInline: SplitInline;
  /** Arguments still to read of the request at hand. */
  #remaining = 0;
  /** Where the next argument begins. */
  #at = 0;
  #lineEnd = 0;

  constructor(splitInline: SplitInline) {
    this.#splitInline = splitInline;
  }

  /** Whether the request that was INCOMPLETE should be resumed rather than parsed anew. */
  get isMidway(): boolean {
    return this.#remaining > 0 && this.argc >= midwayArguments;
  }

  /**
   * Parses one request from `start`; `end` is where the received bytes end. Returns the position
   * behind it, INCOMPLETE or PROTOCOL_ERROR. `argc` is 0 for an empty line or an empty array.
   */
  parse(buffer: Buffer, start: number, end: number, authenticated: boolean): number {
    this.buffer = buffer;
    this.argc = 0;
    this.argumentStart = -1;
    this.#remaining = 0;
    if (buffer[start] !== STAR) return this.#parseInline(buffer, start, end);
    this.inline = false;
    const count = this.#readCount(buffer, start + 1, end);
    if (count === LINE_INCOMPLETE) return INCOMPLETE;
    if (count === LINE_TOO_LONG) return this.#fail('too big mbulk count string');
    if (count === LINE_INVALID || count > maxArguments)
      return this.#fail('invalid multibulk length');
    if (!authenticated && count > maxUnauthenticatedArguments) {
      return this.#fail('unauthenticated multibulk length');
    }
    if (count <= 0) return this.#lineEnd;
    this.#remaining = count;
    this.#at = this.#lineEnd;
    return this.#readArguments(buffer, end, authenticated);
  }

  /** Goes on with a request that `isMidway`; its first byte is at position 0 of `buffer`. */
  resume(buffer: Buffer, end: number, authenticated: boolean): number {
    this.buffer = buffer;
    this.argumentStart = -1;
    return this.#readArguments(buffer, end, authenticated);
  }

  /** The bytes so far were moved: the request's first byte is now at 0 instead of `start`. */
  rebase(start: number): void {
    this.#at -= start;
    for (let index = 0; index < this.argc; index++) {
      this.argStart[index] -= start;
      this.argEnd[index] -= start;
    }
  }

  #readArguments(buffer: Buffer, end: number, authenticated: boolean): number {
    let at = this.#at;
    let argc = this.argc;
    let remaining = this.#remaining;
    let outcome = 0;
    while (remaining > 0) {
      const length = at < end && buffer[at] === DOLLAR ? this.#readCount(buffer, at + 1, end) : -1;
      if (length < 0 || length > this.maxBulkBytes) {
        outcome = this.#judgeBulk(buffer, at, end, length);
        break;
      }
      if (!authenticated && length > maxUnauthenticatedBulkBytes) {
        outcome = this.#fail('unauthenticated bulk length');
        break;
      }
      const bodyStart = this.#lineEnd;
      if (bodyStart + length + 2 > end) {
        this.neededEnd = bodyStart + length + 2;
        this.argumentStart = bodyStart;
        outcome = INCOMPLETE;
        break;
      }
      if (argc === this.argStart.length) this.#growArguments();
      this.argStart[argc] = bodyStart;
      this.argEnd[argc] = bodyStart + length;
      argc++;
      at = bodyStart + length + 2;
      remaining--;
    }
    this.#at = at;
    this.argc = argc;
    this.#remaining = remaining;
    return outcome === 0 ? at : outcome;
  }

  /** An argument's header that is not a usable length: incomplete, or which error. */
  #judgeBulk(buffer: Buffer, at: number, end: number, length: number): number {
    if (at >= end) {
      this.neededEnd = end + 1;
      return INCOMPLETE;
    }
    if (length === LINE_INCOMPLETE) return INCOMPLETE;
    if (length === LINE_TOO_LONG) return this.#fail('too big bulk count string');
    if (buffer[at] !== DOLLAR) {
      return this.#fail(`expected '$', got '${String.fromCharCode(buffer[at])}'`);
    }
    return this.#fail('invalid bulk length');
  }

  /** Reads digits up to CR LF as Redis's string2ll does: no sign but '-', no leading zeros. */
  #readCount(buffer: Buffer, start: number, end: number): number {
    let at = start;
    let value = 0;
    for (; at < end; at++) {
      const digit = buffer[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at + 1 < end && buffer[at] === CR) {
      const digits = at - start;
      this.#lineEnd = at + 2;
      if (digits > 0 && digits < 16 && (digits === 1 || buffer[start] !== ZERO)) return value;
    }
    return this.#readOddCount(buffer, start, end);
  }

  #readOddCount(buffer: Buffer, start: number, end: number): number {
    const cr = buffer.indexOf(CR, start);
    if (cr < 0 || cr >= end) {
      if (end - start > maxInlineBytes) return LINE_TOO_LONG;
      this.neededEnd = end + 1;
      return LINE_INCOMPLETE;
    }
    if (cr + 1 >= end) {
      this.neededEnd = cr + 2;
      return LINE_INCOMPLETE;
    }
    this.#lineEnd = cr + 2;
    const negative = buffer[start] === DASH;
    const text = buffer.toString('latin1', start, cr);
    if (!negative || !/^-[1-9][0-9]{0,17}$/.test(text)) return LINE_INVALID;
    return Math.max(Number(text), -0x7fff_ffff);
  }

  #parseInline(buffer: Buffer, start: number, end: number): number {
    const newline = buffer.indexOf(LF, start);
    if (newline < 0 || newline >= end) {
      if (end - start > maxInlineBytes) return this.#fail('too big inline request');
      this.neededEnd = end + 1;
      return INCOMPLETE;
    }
    const lineEnd = newline > start && buffer[newline - 1] === CR ? newline - 1 : newline;
    const words = this.#splitInline(buffer.toString('latin1', start, lineEnd));
    if (words === null) return this.#fail('unbalanced quotes in request');
    this.#setArguments(words);
    return newline + 1;
  }

  #setArguments(words: readonly string[]): void {
    this.inline = true;
    this.buffer = Buffer.from(words.join(''), 'latin1');
    let at = 0;
    for (const word of words) {
      if (this.argc === this.argStart.length) this.#growArguments();
      this.argStart[this.argc] = at;
      at += word.length;
      this.argEnd[this.argc] = at;
      this.argc++;
    }
  }

  #growArguments(): void {
    const argStart = new Int32Array(this.argStart.length * 2);
    const argEnd = new Int32Array(this.argEnd.length * 2);
    argStart.set(this.argStart);
    argEnd.set(this.argEnd);
    this.argStart = argStart;
    this.argEnd = argEnd;
  }

  #fail(error: string): number {
    this.error = error;
    this.#remaining = 0;
    return PROTOCOL_ERROR;
  }
}
