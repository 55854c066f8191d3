/**
 * Redis's glob patterns: `*`, `?`, `[abc]`, `[^a-z]`, `\x`. Used by KEYS, SCAN MATCH, CONFIG GET and
 * the config file's `include`. Strings hold one byte per character (latin1).
 *
 * Only the latest `*` is ever retried (an earlier one could not help), so the time is at most
 * pattern × text, also for patterns made to hurt such as `*a*a*a*a*b`.
 */

/** A pattern with more stars than this matches nothing, as in Redis, where each is a recursion. */
const maxStars = 1000;

const star = 42; // *
const question = 63; // ?
const open = 91; // [
const close = 93; // ]
const backslash = 92;
const caret = 94; // ^
const dash = 45;

/** True where the pattern covers the whole text. `nocase` folds ASCII letters. */
export function globMatch(pattern: string, text: string, nocase = false): boolean {
  // The empty text is matched by `*` and by no other pattern with stars [Redis].
  if (text === '') return pattern === '' || pattern === '*';
  return nocase ? matches(asciiLower(pattern), asciiLower(text)) : matches(pattern, text);
}

/** True where the pattern can match anything but itself. */
export function hasGlob(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

function matches(pattern: string, text: string): boolean {
  const patternEnd = pattern.length;
  const textEnd = text.length;
  let p = 0;
  let t = 0;
  // Where to go on when the current attempt fails: just behind the latest star, one byte further.
  let retryPattern = -1;
  let retryText = 0;
  let stars = 0;
  while (t < textEnd) {
    const code = p < patternEnd ? pattern.charCodeAt(p) : -1;
    if (code === star) {
      if (pattern.charCodeAt(p - 1) !== star && ++stars > maxStars) return false;
      retryPattern = ++p;
      if (p === patternEnd) return true;
      retryText = t;
      continue;
    }
    const next = code === -1 ? -1 : matchOne(pattern, p, code, text.charCodeAt(t));
    if (next !== -1) {
      p = next;
      t++;
    } else if (retryPattern !== -1) {
      p = retryPattern;
      t = ++retryText;
    } else {
      return false;
    }
  }
  while (p < patternEnd && pattern.charCodeAt(p) === star) p++;
  return p === patternEnd;
}

/** The pattern position behind the element at `p` where it accepts `byte`; −1 where it does not. */
function matchOne(pattern: string, p: number, code: number, byte: number): number {
  if (code === question) return p + 1;
  if (code === open) return matchClass(pattern, p + 1, byte);
  if (code === backslash && p + 1 < pattern.length) {
    return pattern.charCodeAt(p + 1) === byte ? p + 2 : -1;
  }
  return code === byte ? p + 1 : -1;
}

/** `p` stands behind the `[`. A class that is never closed ends with the pattern [Redis]. */
function matchClass(pattern: string, p: number, byte: number): number {
  const end = pattern.length;
  const negated = p < end && pattern.charCodeAt(p) === caret;
  if (negated) p++;
  let found = false;
  while (p < end) {
    const code = pattern.charCodeAt(p);
    if (code === backslash && p + 1 < end) {
      if (pattern.charCodeAt(p + 1) === byte) found = true;
      p += 2;
    } else if (code === close) {
      p++;
      break;
    } else if (p + 2 < end && pattern.charCodeAt(p + 1) === dash) {
      const last = pattern.charCodeAt(p + 2);
      if (byte >= Math.min(code, last) && byte <= Math.max(code, last)) found = true;
      p += 3;
    } else {
      if (code === byte) found = true;
      p++;
    }
  }
  return found !== negated ? p : -1;
}

/** Folds ASCII alone: toLowerCase() would also change the bytes from 0xC0 on. */
function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
