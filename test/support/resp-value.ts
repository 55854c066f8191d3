/**
 * Replies as JS values, and commands as bytes, for the test client. It is written apart from
 * src/protocol on purpose: a mistake there must not hide behind the same mistake here.
 *
 * Strings are binary safe: one character is one byte (latin1) in both directions.
 */

/** What a test may pass as an argument. A string holds one byte per character. */
export type RespArg = string | number | bigint | Buffer;

export type RespValue =
  | string // simple and bulk strings
  | number // integers that are safe, and doubles
  | bigint // big numbers, and integers beyond 2^53
  | boolean
  | null // null, null bulk, null array
  | { error: string } // simple and bulk errors, without the leading '-'
  | { verbatim: string; format: string }
  | RespValue[]
  | Map<RespValue, RespValue>
  | Set<RespValue>;

/** One frame taken from the front of a buffer; `push` tells out-of-band data from a reply. */
export type TakenFrame =
  | { kind: 'frame'; value: RespValue; push: boolean; end: number }
  /** Not all there: there is no use in trying before the buffer holds `atLeast` bytes. */
  | { kind: 'incomplete'; atLeast: number };

/** A command as an array of bulk strings, which is how clients send it. */
export function encodeCommand(args: readonly RespArg[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = toBytes(arg);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** Bytes of an argument. Throws for characters beyond one byte: pass a Buffer for UTF-8 text. */
export function toBytes(arg: RespArg): Buffer {
  if (Buffer.isBuffer(arg)) return arg;
  const text = String(arg);
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0xff) throw new Error(`not a byte string: ${text}`);
  }
  return Buffer.from(text, 'latin1');
}

/** A reply in the way redis-cli prints it when its output is not a terminal. */
export function formatReply(value: RespValue): string {
  if (value === null) return '';
  if (Array.isArray(value) || value instanceof Set) return [...value].map(formatReply).join('\n');
  if (value instanceof Map) return [...value].flat().map(formatReply).join('\n');
  if (typeof value !== 'object') return String(value);
  return 'error' in value ? value.error : value.verbatim;
}

/** The frame that begins at `start`. Throws when the bytes are no RESP at all. */
export function takeFrame(buffer: Buffer, start: number): TakenFrame {
  const cursor: Cursor = { buffer, at: start };
  try {
    const push = buffer[start] === 0x3e;
    const value = takeValue(cursor);
    return { kind: 'frame', value, push, end: cursor.at };
  } catch (error) {
    if (error instanceof Incomplete) return { kind: 'incomplete', atLeast: error.atLeast };
    throw error;
  }
}

interface Cursor {
  buffer: Buffer;
  at: number;
}

class Incomplete extends Error {
  readonly atLeast: number;

  constructor(atLeast: number) {
    super('incomplete frame');
    this.atLeast = atLeast;
  }
}

function takeValue(cursor: Cursor): RespValue {
  const line = takeLine(cursor);
  const rest = line.slice(1);
  switch (line[0]) {
    case '+':
      return rest;
    case '-':
      return { error: rest };
    case ':':
      return takeInteger(rest);
    case '$':
      return rest === '-1' ? null : takeBytes(cursor, rest);
    case '!':
      return { error: takeBytes(cursor, rest) };
    case '=':
      return takeVerbatim(takeBytes(cursor, rest));
    case '*':
      return rest === '-1' ? null : takeValues(cursor, Number(rest));
    case '>':
      return takeValues(cursor, Number(rest));
    case '~':
      return new Set(takeValues(cursor, Number(rest)));
    case '%':
      return takeMap(cursor, Number(rest));
    case '|':
      takeMap(cursor, Number(rest)); // Attributes describe the reply that follows them.
      return takeValue(cursor);
    case '_':
      return null;
    case '#':
      return rest === 't';
    case ',':
      return takeDouble(rest);
    case '(':
      return BigInt(rest);
    default:
      throw new Error(`not RESP: ${JSON.stringify(line.slice(0, 80))}`);
  }
}

function takeLine(cursor: Cursor): string {
  const end = cursor.buffer.indexOf('\r\n', cursor.at);
  if (end === -1) throw new Incomplete(cursor.buffer.length + 1);
  const line = cursor.buffer.toString('latin1', cursor.at, end);
  cursor.at = end + 2;
  return line;
}

function takeBytes(cursor: Cursor, length: string): string {
  const end = cursor.at + Number(length);
  if (cursor.buffer.length < end + 2) throw new Incomplete(end + 2);
  const text = cursor.buffer.toString('latin1', cursor.at, end);
  cursor.at = end + 2;
  return text;
}

function takeValues(cursor: Cursor, count: number): RespValue[] {
  // The shortest value is `+\r\n`: do not parse a long array again for every chunk that arrives.
  const atLeast = cursor.at + 3 * count;
  if (cursor.buffer.length < atLeast) throw new Incomplete(atLeast);
  const values: RespValue[] = [];
  while (values.length < count) values.push(takeValue(cursor));
  return values;
}

function takeMap(cursor: Cursor, pairs: number): Map<RespValue, RespValue> {
  const flat = takeValues(cursor, 2 * pairs);
  const map = new Map<RespValue, RespValue>();
  for (let index = 0; index < flat.length; index += 2) map.set(flat[index], flat[index + 1]);
  return map;
}

function takeInteger(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function takeDouble(text: string): number {
  if (text === 'inf') return Infinity;
  return text === '-inf' ? -Infinity : Number(text);
}

function takeVerbatim(text: string): RespValue {
  return { verbatim: text.slice(4), format: text.slice(0, 3) };
}
