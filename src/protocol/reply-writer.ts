/**
 * Writes replies, RESP2 or RESP3 as the client asked for, straight into one preallocated buffer, in
 * which the replies of many clients lie one behind the other until their owner sends them; `onFull`
 * lets it do so early when a reply needs more room. Values are copied from where they are stored,
 * with no object in between.
 */
import { copyBytes } from '../util/copy-bytes.ts';

const initialBytes = 1 << 20;
/** A bulk longer than this goes to `onLarge` uncopied. */
const largeBulkBytes = 256 * 1024;

/** What a bulk string has around its bytes, at most. */
const bulkFrameBytes = 18;

const CR = 13;
const LF = 10;
const crlf = Buffer.from('\r\n');

export class ReplyWriter {
  /** Filled up to `length`; replaced by a fresh one when the old is still being sent. */
  buffer: Buffer = Buffer.allocUnsafeSlow(initialBytes);
  length = 0;
  /** Where the replies begin that nobody has taken yet. */
  start = 0;
  /** Whether the client at hand speaks RESP3. */
  resp3 = false;

  readonly #onFull: () => void;
  readonly #onLarge: (bytes: Buffer) => void;

  /**
   * `onFull` must take what there is and call `rewind` or `replaceBuffer`; `onLarge` is called right
   * after it with bytes that belong behind them.
   */
  constructor(options: { onFull: () => void; onLarge: (bytes: Buffer) => void }) {
    this.#onFull = options.onFull;
    this.#onLarge = options.onLarge;
  }

  /** The replies since the last one taken; they stay where they are. */
  take(): Buffer {
    const taken = this.buffer.subarray(this.start, this.length);
    this.start = this.length;
    return taken;
  }

  /** Forgets the replies since the last one taken. */
  discard(): void {
    this.length = this.start;
  }

  /** Begins at the front again: what was taken has been sent. */
  rewind(): void {
    this.length = 0;
    this.start = 0;
  }

  /** Starts a new buffer because a socket still reads from the old one. */
  replaceBuffer(): void {
    this.buffer = Buffer.allocUnsafeSlow(initialBytes);
    this.rewind();
  }

  /** `+text`; must not contain line breaks. */
  simple(text: string): void {
    this.#line(43, text);
  }

  ok(): void {
    this.#reserve(5);
    const { buffer } = this;
    let at = this.length;
    buffer[at++] = 43;
    buffer[at++] = 79;
    buffer[at++] = 75;
    buffer[at++] = CR;
    buffer[at++] = LF;
    this.length = at;
  }

  /** `-text`, with the code as its first word. Line breaks in it become spaces, as in Redis. */
  error(text: string): void {
    this.#line(45, text.replace(/[\r\n]/g, ' '));
  }

  integer(value: number | bigint): void {
    if (typeof value === 'bigint' || value < 0 || value >= 0x7fff_ffff) {
      this.#line(58, String(value));
      return;
    }
    this.#header(58, value);
  }

  /** A bulk string from a window of bytes. */
  bulk(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const size = end - start;
    if (size > largeBulkBytes) {
      this.#largeBulk(bytes, start, end);
      return;
    }
    this.#reserve(size + 16);
    this.#header(36, size);
    const { buffer } = this;
    let at = copyBytes(bytes, start, end, buffer, this.length);
    buffer[at++] = CR;
    buffer[at++] = LF;
    this.length = at;
  }

  /**
   * Copies bytes to the free end of the buffer, for up to `count` bulk strings that `stagedBulk`
   * takes from there right after. Moving bytes within a buffer costs half of what copying them from
   * another does, where a view on each has to be made. Returns where they are, −1 when there is no
   * room for them and the replies.
   */
  stage(bytes: Uint8Array, start: number, end: number, count: number): number {
    const size = end - start;
    const neededBytes = 2 * size + count * bulkFrameBytes;
    if (neededBytes > this.buffer.length) return -1;
    this.#reserve(neededBytes);
    const at = this.buffer.length - size;
    copyBytes(bytes, start, end, this.buffer, at);
    return at;
  }

  /** A bulk string from staged bytes. */
  stagedBulk(start: number, end: number): void {
    this.#header(36, end - start);
    const { buffer } = this;
    buffer.copyWithin(this.length, start, end);
    let at = this.length + end - start;
    buffer[at++] = CR;
    buffer[at++] = LF;
    this.length = at;
  }

  /** A bulk string from text, encoded as UTF-8. */
  bulkText(text: string): void {
    this.bulk(Buffer.from(text));
  }

  /** No value: `$-1` in RESP2, `_` in RESP3. */
  nil(): void {
    this.#raw(this.resp3 ? '_\r\n' : '$-1\r\n');
  }

  /** No array: `*-1` in RESP2, `_` in RESP3. */
  nilArray(): void {
    this.#raw(this.resp3 ? '_\r\n' : '*-1\r\n');
  }

  /** The next `count` replies are its elements. */
  array(count: number): void {
    this.#reserve(16);
    this.#header(42, count);
  }

  /** The next `count` pairs of replies are its entries; an array of twice the length in RESP2. */
  map(count: number): void {
    this.#reserve(16);
    if (this.resp3) this.#header(37, count);
    else this.#header(42, count * 2);
  }

  set(count: number): void {
    this.#reserve(16);
    this.#header(this.resp3 ? 126 : 42, count);
  }

  push(count: number): void {
    this.#reserve(16);
    this.#header(this.resp3 ? 62 : 42, count);
  }

  /** A double; in RESP2 a bulk string. `text` is the number as Redis prints it. */
  double(text: string): void {
    if (this.resp3) {
      this.#line(44, text);
      return;
    }
    this.#reserve(text.length + 32);
    this.#header(36, text.length);
    const { buffer } = this;
    let at = this.length;
    for (let index = 0; index < text.length; index++) buffer[at++] = text.charCodeAt(index);
    buffer[at++] = CR;
    buffer[at++] = LF;
    this.length = at;
  }

  boolean(value: boolean): void {
    if (this.resp3) this.#raw(value ? '#t\r\n' : '#f\r\n');
    else this.integer(value ? 1 : 0);
  }

  /** Text for people: a verbatim string in RESP3, a bulk string in RESP2. */
  verbatim(text: string, format: 'txt' | 'mkd' = 'txt'): void {
    if (!this.resp3) {
      this.bulkText(text);
      return;
    }
    const bytes = Buffer.from(`${format}:${text}`);
    this.#reserve(bytes.length + 16);
    this.#header(61, bytes.length);
    this.raw(bytes);
    this.raw(crlf);
  }

  /** Bytes that are a reply already. */
  raw(bytes: Uint8Array): void {
    if (bytes.length > largeBulkBytes) {
      this.#passLarge(Buffer.from(bytes));
      return;
    }
    this.#reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  #raw(text: string): void {
    this.#reserve(text.length);
    this.length += this.buffer.write(text, this.length, 'latin1');
  }

  #line(type: number, text: string): void {
    // Keys and names may be any bytes: replies that quote them are latin1 both ways.
    if (text.length > largeBulkBytes) {
      // An error that quotes an argument can be as long as a request.
      this.raw(Buffer.from(`${String.fromCharCode(type)}${text}\r\n`, 'latin1'));
      return;
    }
    this.#reserve(text.length + 3);
    let at = this.length;
    this.buffer[at++] = type;
    at += this.buffer.write(text, at, 'latin1');
    this.buffer[at++] = CR;
    this.buffer[at++] = LF;
    this.length = at;
  }

  /** Type byte, decimal, CR LF; the caller has reserved room unless it is at most 16 bytes. */
  #header(type: number, value: number): void {
    this.#reserve(16);
    const { buffer } = this;
    let at = this.length;
    buffer[at++] = type;
    if (value < 10) {
      buffer[at++] = 48 + value;
    } else {
      let digits = 1;
      for (let bound = 10; bound <= value; bound *= 10) digits++;
      let rest = value;
      for (let place = at + digits - 1; place >= at; place--) {
        const next = (rest / 10) | 0;
        buffer[place] = 48 + rest - next * 10;
        rest = next;
      }
      at += digits;
    }
    buffer[at++] = CR;
    buffer[at++] = LF;
    this.length = at;
  }

  #reserve(size: number): void {
    if (this.length + size <= this.buffer.length) return;
    this.#onFull();
  }

  #largeBulk(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(16);
    this.#header(36, end - start);
    // A copy, because the stored value may change before the socket has sent it.
    this.#passLarge(Buffer.from(bytes.subarray(start, end)));
    this.raw(crlf);
  }

  #passLarge(bytes: Buffer): void {
    if (this.length > this.start) this.#onFull();
    this.#onLarge(bytes);
  }
}
