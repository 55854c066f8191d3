/**
 * A disk of a test's own, so small that it fills up, or read-only at a word: a tmpfs in a directory
 * of the test. Mounting wants root on Linux; where that is not to be had, the test is skipped, and
 * says so.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import type { Resources } from './resources.ts';

export interface SmallDisk {
  readonly path: string;
  /** Sets options anew: `size=16m`, `ro`, `rw`. Throws when the system refuses. */
  remount(options: string): void;
}

export async function smallDisk(
  context: TestContext,
  use: Resources,
  options: string,
): Promise<SmallDisk> {
  const path = join(await use.tempDir(), 'disk');
  mkdirSync(path);
  const refusal = mount(['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
  if (refusal !== null) context.skip(`no disk of our own: ${refusal}`);
  use.defer(() => spawnSync('umount', ['-l', path]));
  return {
    path,
    remount: (anew) => {
      const failure = mount(['-o', `remount,${anew}`, path]);
      if (failure !== null) throw new Error(failure);
    },
  };
}

function mount(args: string[]): string | null {
  const { error, status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (error !== undefined) return error.message;
  return status === 0 ? null : stderr.trim();
}
