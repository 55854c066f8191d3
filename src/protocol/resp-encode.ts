/** Encodes a command as RESP sends it: an array of bulk strings. Text arguments are UTF-8. */
export function encodeCommand(args: readonly (string | Uint8Array)[]): Buffer {
  let size = headerBytes;
  for (const arg of args) {
    size += headerBytes + 2 + (typeof arg === 'string' ? Buffer.byteLength(arg) : arg.length);
  }
  const out = Buffer.allocUnsafe(size);
  let at = writeHeader(out, 0, STAR, args.length);
  for (const arg of args) {
    if (typeof arg === 'string') {
      at = writeHeader(out, at, DOLLAR, Buffer.byteLength(arg));
      at += out.write(arg, at);
    } else {
      at = writeHeader(out, at, DOLLAR, arg.length);
      out.set(arg, at);
      at += arg.length;
    }
    out[at++] = CR;
    out[at++] = LF;
  }
  return out.subarray(0, at);
}

/** The same as text of one character per byte, to be sent as latin1: many requests in one string. */
export function encodeLatin1(args: readonly string[]): string {
  let out = `*${args.length}\r\n`;
  for (const arg of args) out += bulkLatin1(arg);
  return out;
}

/** The same for one request about many keys: its words before and behind the key are encoded once. */
export function latin1Template(
  before: readonly string[],
  behind: readonly string[] = [],
): (bulkKey: string) => string {
  const bulk = (words: readonly string[]): string => words.map(bulkLatin1).join('');
  const head = `*${before.length + 1 + behind.length}\r\n${bulk(before)}`;
  const tail = bulk(behind);
  return (bulkKey) => head + bulkKey + tail;
}

/** One argument, as a template takes it. */
export function bulkLatin1(arg: string): string {
  return `$${arg.length}\r\n${arg}\r\n`;
}

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;
/** Type byte, up to ten digits, CR LF. */
const headerBytes = 13;

function writeHeader(out: Buffer, start: number, type: number, value: number): number {
  let end = start + 2;
  for (let bound = 10; bound <= value; bound *= 10) end++;
  out[start] = type;
  let rest = value;
  for (let place = end - 1; place > start; place--) {
    const next = Math.floor(rest / 10);
    out[place] = 48 + rest - next * 10;
    rest = next;
  }
  out[end] = CR;
  out[end + 1] = LF;
  return end + 2;
}
