/**
 * The one table of exit codes. Commands end with `exitCodes.…`, the help prints the table, the
 * README quotes it. A script may rely on these numbers: never give one a new meaning.
 */

/** Columns: the number, and what it means to whoever reads `$?`. */
const rows = {
  ok: [0, 'done; for a look at a topology: healthy'],
  failed: [1, 'could not do it, and nothing is changed; or could not tell'],
  usage: [2, 'the command line is wrong; nothing was touched'],
  degraded: [3, 'the topology has a problem that needs attention'],
  pending: [4, 'only planned: there is something to change'],
  incomplete: [5, 'stopped in the middle of a change: repl resume, or repl rollback'],
  different: [6, 'nodes that were compared hold different data'],
  bug: [70, 'a bug in repl; the stack is on stderr'],
  interrupted: [130, 'stopped by Ctrl-C'],
} as const;

export type ExitName = keyof typeof rows;
export type ExitCode = (typeof rows)[ExitName][0];

/** The number for each name. */
export const exitCodes = Object.fromEntries(
  Object.entries(rows).map(([name, [code]]) => [name, code]),
) as { readonly [Name in ExitName]: (typeof rows)[Name][0] };

/** The table as the help shows it: number and meaning, in order. */
export const exitCodeTable: readonly { readonly code: number; readonly meaning: string }[] =
  Object.values(rows).map(([code, meaning]) => ({ code, meaning }));
