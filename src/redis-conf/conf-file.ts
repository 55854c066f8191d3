/**
 * Configuration files on disk: reading them (with their includes) and replacing one in a single
 * step. Used by the server's Config and by the CLI; texts hold one byte per character (latin1).
 */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { OperatorError } from '../util/errors.ts';
import type { IncludeReader } from './conf-source.ts';

export const confFileReader: IncludeReader = {
  read(path: string): { text: string } | { error: string } {
    try {
      return { text: readFileSync(path, 'latin1') };
    } catch (error) {
      return { error: systemMessage(error) };
    }
  },
  list(dir: string): readonly string[] {
    try {
      return readdirSync(dir);
    } catch {
      return [];
    }
  },
};

/** Throws OperatorError, in Redis's words, where the file cannot be read. */
export function readConfFile(path: string): string {
  const found = confFileReader.read(path);
  if ('text' in found) return found.text;
  throw new OperatorError(`Fatal error, can't open config file '${path}': ${found.error}`);
}

/** What is wrong with a directory, in the system's words; null when it is one. */
export function checkDir(path: string): string | null {
  try {
    return statSync(path).isDirectory() ? null : 'Not a directory';
  } catch (error) {
    return systemMessage(error);
  }
}

/**
 * Replaces a file's text by what `change` makes of it (of nothing, where there is no file): its mode
 * is kept, and a reader sees the old text or the new one, whole. Throws the system's errors.
 */
export function rewriteFile(file: string, change: (text: string) => string): void {
  const path = realPath(file);
  replaceFile(path, change(readIfThere(path)));
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}

/** Follows symbolic links, so that a link to a file stays one. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isMissing(error)) return path;
    throw error;
  }
}

/** Writes beside the file and renames. */
function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeSynced(temporary, text, modeOf(path));
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDir(dirname(path));
}

function writeSynced(path: string, text: string, mode: number): void {
  // Created for the owner alone: it may hold passwords before its mode is set.
  const fd = openSync(path, 'w', 0o600);
  try {
    const bytes = Buffer.from(text, 'latin1');
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fchmodSync(fd, mode);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function modeOf(path: string): number {
  try {
    return statSync(path).mode & 0o7777;
  } catch {
    return 0o644 & ~process.umask();
  }
}

/** Makes the rename itself last. */
function syncDir(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** The words of strerror() for a system error: `No such file or directory`. */
export function systemMessage(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  const words = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return words === undefined ? message : words.charAt(0).toUpperCase() + words.slice(1);
}
