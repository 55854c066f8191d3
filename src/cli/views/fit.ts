/**
 * Text for a terminal of a certain width: lines that are too long are broken between words, and go
 * on below the place where their last column, or their sentence, begins. Commands to type
 * (`next: …`, or `…: repl …` at the end) are left to the terminal, so that they can be copied. Pure.
 */

/** The last column keeps at least this share of the width, or the line goes on at its left edge. */
const lastColumnShare = 0.4;

/** Of a line that has neither columns nor a caption. */
const hangingChars = 2;

/** Colours take no room. */
// oxlint-disable-next-line no-control-regex -- that is what they begin with
const colour = /\u001b\[[\d;]*m/g;

/** With the spaces before each. A command at the end, after a colon, is one word. */
const words = /( *)((?<=: )repl .*$|[^ ]+)/g;

/** The text for a stream: fitted on a terminal, and as it is elsewhere. */
export function fitFor(stream: { isTTY?: boolean; columns?: number }, text: string): string {
  const { isTTY, columns = 0 } = stream;
  return isTTY === true && columns > 0 ? fitText(text, columns) : text;
}

/** The same text, no line of it longer than `columns` where words allow. */
export function fitText(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => fitLine(line, columns))
    .join('\n');
}

function fitLine(line: string, columns: number): string {
  const plain = line.replaceAll(colour, '');
  if (widthOf(plain) <= columns || /^ *next: /.test(plain)) return line;
  const indent = ' '.repeat(hangOf(plain, columns));
  let out = '';
  let used = 0;
  for (const [, gap, word] of line.matchAll(words)) {
    const [before, own] = [gap.length, widthOf(word.replaceAll(colour, ''))];
    // A word that is longer than a line stays where it is: breaking before it gains nothing.
    if (used + before + own <= columns || used <= indent.length) {
      out += gap + word;
      used += before + own;
    } else {
      out += `\n${indent}${word}`;
      used = indent.length + own;
    }
  }
  return out;
}

/** Where the rest of a line begins: below its last column, its caption, or a little to the right. */
function hangOf(plain: string, columns: number): number {
  const lastGap = [...plain.matchAll(/(?<=[^ ]) {2,}(?=[^ ]+ )/g)].at(-1);
  const lastColumn = lastGap === undefined ? 0 : lastGap.index + lastGap[0].length;
  const limit = columns * (1 - lastColumnShare);
  if (lastColumn > 0 && lastColumn <= limit) return lastColumn;
  const caption = /^ *(?:\d+\.|[\w-]+:) +/.exec(plain)?.[0].length ?? 0;
  if (caption > 0 && caption <= limit) return caption;
  return Math.min(plain.length - plain.trimStart().length + hangingChars, Math.floor(limit));
}

function widthOf(text: string): number {
  return Array.from(text).length;
}
