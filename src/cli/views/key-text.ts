/**
 * Names of keys as people and programs read them: text where it is text, otherwise escaped as
 * redis-cli reads it back between double quotes. Names hold one byte per character. Pure.
 */

/** `user:1`, `a\\b`, `\xff\x00`. No two names look the same. */
export function keyText(name: string): string {
  const text = decodeUtf8(name);
  if (text !== undefined && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}"\\]/u.test(text)) return text;
  return name.replaceAll(/[^ !#-[\]-~]/g, escapeByte);
}

/** The same, quoted where it has to be, and not longer than so many characters. */
export function shownKey(name: string, longest = 60): string {
  const text = keyText(name);
  const isPlain = /^[^\s"\\]+$/u.test(text);
  const characters = Array.from(isPlain ? text : `"${text}"`);
  if (characters.length <= longest) return characters.join('');
  return `${characters.slice(0, longest - 1).join('')}…`;
}

function escapeByte(byte: string): string {
  const short: Readonly<Record<string, string>> = {
    '\n': String.raw`\n`,
    '\r': String.raw`\r`,
    '\t': String.raw`\t`,
    '"': String.raw`\"`,
    '\\': String.raw`\\`,
  };
  return short[byte] ?? `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

function decodeUtf8(name: string): string | undefined {
  try {
    return new TextDecoder('utf8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(name, 'latin1'),
    );
  } catch {
    return undefined;
  }
}
