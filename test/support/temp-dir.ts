/**
 * Directories that go away again. `useResources().tempDir()` removes one after its test by itself.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempDir {
  readonly path: string;
  /** Removes the directory with all that is in it; removing twice is harmless. */
  close(): Promise<void>;
}

export async function makeTempDir(name = 'test'): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), `redis-repl-${name}-`));
  // A server that was just killed may still be creating a file here: try again.
  const close = (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 5 });
  return { path, close };
}
