/**
 * Which lab a command means: the one that was named, or the nearest `repl.yaml` upwards from where
 * the user stands. Called by the base command; it does not read the file.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { specFileName } from '../topology/spec.ts';
import { OperatorError } from '../util/errors.ts';

/**
 * The absolute directory of the lab. `lab` may name the directory or its `repl.yaml`. Throws an
 * OperatorError where there is none.
 */
export function findLabDir({
  cwd,
  lab,
}: {
  readonly cwd: string;
  readonly lab?: string | undefined;
}): string {
  const found = lab === undefined ? findUpwards(cwd) : findNamed(resolve(cwd, lab));
  if (found !== undefined) return found;
  const where = lab === undefined ? `in ${cwd} or above it` : `at ${resolve(cwd, lab)}`;
  throw new OperatorError(`there is no lab ${where}`, {
    cause: `no file ${specFileName} was found`,
    hint: 'repl init 6379 6380 6381   (makes one here), or name one with --lab DIR',
  });
}

function findNamed(path: string): string | undefined {
  if (path.endsWith(`/${specFileName}`) && existsSync(path)) return dirname(path);
  return existsSync(join(path, specFileName)) ? path : undefined;
}

function findUpwards(from: string): string | undefined {
  for (let dir = resolve(from); ; dir = dirname(dir)) {
    if (existsSync(join(dir, specFileName))) return dir;
    if (dir === dirname(dir)) return undefined;
  }
}
