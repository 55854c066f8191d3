/**
 * How a config line or an inline command is cut into words, and how a word is quoted so that it
 * survives the cut. Strings hold one byte per character (latin1), so any byte passes through.
 * Called per inline command by the server and per line by the config reader; no I/O.
 *
 *   word    := (plain | "…" | '…')…      a closing quote must be followed by space or the end
 *   "…"     := \n \r \t \b \a \xHH, \c for any other c, or the byte itself
 *   '…'     := \' or the byte itself
 */

const doubleQuote = 34;
const singleQuote = 39;
const backslash = 92;
const lowerX = 120;

/** What `\n` and friends stand for between double quotes, and how they are printed. */
const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  a: '\x07',
};

const printed: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\x07': '\\a',
};

/** The words of a line, or null where quotes do not balance. */
export function splitArgs(line: string): string[] | null {
  const words: string[] = [];
  const end = line.length;
  let at = 0;
  for (;;) {
    while (at < end && isSpace(line.charCodeAt(at))) at++;
    if (at === end) return words;
    const word = readWord(line, at);
    if (word === null) return null;
    words.push(word.text);
    at = word.end;
  }
}

/** `"…"` with everything escaped that is not printable ASCII. */
export function quoteArg(text: string): string {
  let out = '"';
  for (const char of text) {
    const code = char.charCodeAt(0);
    if (printed[char] !== undefined) out += printed[char];
    else if (code >= 32 && code < 127) out += char;
    else out += `\\x${(code & 0xff).toString(16).padStart(2, '0')}`;
  }
  return `${out}"`;
}

function readWord(line: string, start: number): { text: string; end: number } | null {
  const end = line.length;
  let text = '';
  let at = start;
  while (at < end && !isSpace(line.charCodeAt(at))) {
    const code = line.charCodeAt(at);
    if (code === doubleQuote || code === singleQuote) {
      const quoted = readQuoted(line, at + 1, code);
      if (quoted === null) return null;
      return { text: text + quoted.text, end: quoted.end };
    }
    const from = at;
    while (at < end && !endsPlainRun(line.charCodeAt(at))) at++;
    text += line.slice(from, at);
  }
  return { text, end: at };
}

/** `start` stands behind the opening quote; the answer's `end` behind the closing one. */
function readQuoted(
  line: string,
  start: number,
  quote: number,
): { text: string; end: number } | null {
  const end = line.length;
  let text = '';
  for (let at = start; at < end; at++) {
    const code = line.charCodeAt(at);
    if (code === quote) {
      const closed = at + 1 === end || isSpace(line.charCodeAt(at + 1));
      return closed ? { text, end: at + 1 } : null;
    }
    if (code !== backslash || at + 1 === end) {
      text += line[at];
    } else if (quote === singleQuote) {
      if (line.charCodeAt(at + 1) === singleQuote) at++;
      text += line[at];
    } else if (
      line.charCodeAt(at + 1) === lowerX &&
      /^[0-9a-f]{2}/i.test(line.slice(at + 2, at + 4))
    ) {
      text += String.fromCharCode(parseInt(line.slice(at + 2, at + 4), 16));
      at += 3;
    } else {
      at++;
      text += escapes[line[at]] ?? line[at];
    }
  }
  return null;
}

function endsPlainRun(code: number): boolean {
  return code === doubleQuote || code === singleQuote || isSpace(code);
}

/** Space, \t \n \v \f \r, and NUL, which ends a C string and so a word [Redis]. */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0;
}
