/**
 * The CLI as users run it: bin/repl.js as a process without a terminal. For tests of commands. It
 * is the built one: `npm run build` first, as `npm test` does.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** No command of a test takes longer. */
const timeoutMs = 25_000;

export const replScript = fileURLToPath(new URL('../../bin/repl.js', import.meta.url));

export interface ReplRun {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs one command line to its end. What the test's environment says to repl is left out. */
export function runRepl(
  args: readonly (string | number)[],
  options: { cwd: string; env?: NodeJS.ProcessEnv; input?: string; script?: string },
): Promise<ReplRun> {
  const { cwd, env = {}, input = '', script = replScript } = options;
  const { REPL_LAB: _lab, REPL_PASSWORD: _password, ...inherited } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args.map(String)], {
      cwd,
      // What repl remembers of live setups goes with the test's directory.
      env: { ...inherited, XDG_STATE_HOME: cwd, ...env },
      timeout: timeoutMs,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(input);
  });
}

/** The JSON that a run printed. Throws, with all it printed, when it is none. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows the type
export function jsonOf<T>({ stdout, stderr }: ReplRun): T {
  try {
    return JSON.parse(stdout) as T;
  } catch {
    throw new Error(`not JSON:\n${stdout}\n${stderr}`);
  }
}
