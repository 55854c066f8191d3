/** The reply of `… HELP`, which all containers share: one status line per line of text. */
import type { Call } from '../call.ts';

/** What can be typed, and what it does. */
export type HelpRow = readonly [usage: string, ...meaning: string[]];

/** HELP itself is added. */
export function replyHelp(call: Call, container: string, rows: readonly HelpRow[]): void {
  const lines = [`${container} <subcommand> [<argument> ...]. Subcommands are:`];
  for (const [usage, ...meaning] of [...rows, helpRow]) {
    lines.push(usage, ...meaning.map((line) => `    ${line}`));
  }
  call.reply.array(lines.length);
  for (const line of lines) call.reply.simple(line);
}

const helpRow: HelpRow = ['HELP', 'Shows this text.'];
