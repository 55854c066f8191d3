/** How the user calls us, for commands that we suggest: `repl` from the PATH, or a path. */
import { basename, relative } from 'node:path';
import { shellWord } from '../util/shell-word.ts';

/** `script` is Node's `argv[1]`: the link on the PATH, or bin/repl.js itself. */
export function programName(script: string | undefined, cwd: string): string {
  if (script === undefined || basename(script) !== 'repl.js') return 'repl';
  const path = relative(cwd, script);
  return shellWord(path.startsWith('..') ? script : `./${path}`);
}
