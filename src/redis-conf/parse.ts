/**
 * A configuration file as lines: what each one is, with everything kept that is needed to print the
 * file again byte for byte. Judges no directive; directives.ts knows them, settings.ts loads them.
 * Text holds one byte per character (latin1).
 */
import { splitArgs } from './split-args.ts';

export type ConfLine = { readonly line: number; readonly raw: string } & (
  | { readonly kind: 'blank' }
  | { readonly kind: 'comment' }
  | {
      readonly kind: 'directive';
      /** In lower case, as it is looked up. */
      readonly name: string;
      readonly args: readonly string[];
    }
  | { readonly kind: 'broken'; readonly reason: string }
);

const unbalanced = 'Unbalanced quotes in configuration line';

/** One entry per line; `line` counts from 1. A final newline yields a last, blank line. */
export function parseConf(text: string): ConfLine[] {
  return text.split('\n').map((raw, index) => parseConfLine(raw, index + 1));
}

/** The exact inverse of `parseConf`. */
export function printConf(lines: readonly ConfLine[]): string {
  return lines.map((line) => line.raw).join('\n');
}

/** Without the blanks around it, as error messages and rewritten files show it. */
export function trimLine(raw: string): string {
  return raw.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
}

function parseConfLine(raw: string, line: number): ConfLine {
  const trimmed = trimLine(raw);
  if (trimmed === '') return { kind: 'blank', raw, line };
  if (trimmed.startsWith('#')) return { kind: 'comment', raw, line };
  const words = splitArgs(trimmed);
  if (words === null) return { kind: 'broken', reason: unbalanced, raw, line };
  if (words.length === 0) return { kind: 'blank', raw, line };
  return { kind: 'directive', name: words[0].toLowerCase(), args: words.slice(1), raw, line };
}
