/**
 * Which program runs a node. The lab starts every kind alike, as a process with a redis.conf; only
 * the program differs. Used by scaffold, preflight and process.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { packageFile } from './package-files.ts';
import type { Refusal } from './refusal.ts';

export type EngineCommand =
  | { readonly kind: 'found'; readonly command: readonly string[] }
  | { readonly kind: 'missing'; readonly refusal: Refusal };

/** The program for an engine's name or path, with the arguments that come before the conf file. */
export async function findEngine(
  engine: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<EngineCommand> {
  if (engine === 'bundled') return findBundled();
  const program = engine === 'redis' || engine === 'valkey' ? `${engine}-server` : engine;
  const path = isAbsolute(program) ? program : await findOnPath(program, env);
  if (path !== undefined && (await isExecutable(path))) return { kind: 'found', command: [path] };
  return missing(
    path !== undefined && (await exists(path))
      ? `${path} is not a program that you may run`
      : `there is no program ${program}${isAbsolute(program) ? '' : ' on the PATH'}`,
    installHint(engine),
  );
}

/** What the user typed, as the inventory keeps it: a path is made absolute. */
export function nameEngine(typed: string, cwd: string): string {
  return typed.includes('/') ? resolve(cwd, typed) : typed;
}

async function findBundled(): Promise<EngineCommand> {
  const entry = packageFile('bin/repl-server.js');
  const parts = [entry, packageFile('dist/repl-server.js')];
  const present = await Promise.all(parts.map(isFile));
  if (present.every(Boolean)) return { kind: 'found', command: [process.execPath, entry] };
  return missing('the bundled server has not been built', 'npm ci, in the directory of repl');
}

function missing(message: string, hint: string): EngineCommand {
  return { kind: 'missing', refusal: { kind: 'engine-missing', message, hint } };
}

function installHint(engine: string): string {
  const bundled = 'bundled, which needs nothing installed';
  if (engine !== 'redis' && engine !== 'valkey') {
    return `name an engine: redis, valkey, the path of a program, or ${bundled}`;
  }
  return `install it (apt install ${engine}-server), or --engine ${bundled}`;
}

async function findOnPath(program: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const dir of (env.PATH ?? '').split(delimiter)) {
    const path = join(dir, program);
    if (dir !== '' && (await isExecutable(path))) return path;
  }
  return undefined;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true;
}

async function isExecutable(path: string): Promise<boolean> {
  if (!(await isFile(path))) return false;
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
