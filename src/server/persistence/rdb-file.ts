/**
 * RDB files on disk: written under a temporary name, synced, renamed, the directory synced, so
 * that `dbfilename` is at every moment either the old file or the new one, whole. SAVE writes
 * synchronously, BGSAVE in the background; both leave nothing behind when they fail.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RdbReader } from '../../rdb/rdb-reader.ts';
import type { KeyspaceLoader } from './rdb-load.ts';

/** The data set may be secret: only the owner reads it. Redis leaves this to the umask. */
const fileMode = 0o600;
const readChunkBytes = 1024 * 1024;

/** A file being written by the running process, synchronously. */
export class SyncRdbFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #fd: number;

  constructor(path: string, pid: number) {
    this.#path = path;
    this.#temporary = temporaryName(path, pid);
    this.#fd = openSync(this.#temporary, 'w', fileMode);
  }

  write(block: Uint8Array): void {
    let at = 0;
    while (at < block.length) at += writeSync(this.#fd, block, at, block.length - at);
  }

  commit(): void {
    fsyncSync(this.#fd);
    closeSync(this.#fd);
    renameSync(this.#temporary, this.#path);
    syncDirectory(dirname(this.#path));
  }

  discard(): void {
    closeSync(this.#fd);
    rmSync(this.#temporary, { force: true });
  }
}

/** A file being written between requests: `write` queues, the disk works in the background. */
export class BackgroundRdbFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #handle: Promise<FileHandle>;
  #tail: Promise<void>;
  #pendingBytes = 0;
  #failure: Error | null = null;

  constructor(path: string, label: string | number) {
    this.#path = path;
    this.#temporary = temporaryName(path, label);
    this.#handle = open(this.#temporary, 'w', fileMode);
    this.#tail = this.#handle.then(
      () => undefined,
      (error: Error) => this.#fail(error),
    );
  }

  /** Bytes queued and not on their way yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The first error of the disk, if any. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Queues a block; `release` is called when its memory is free again. */
  write(block: Uint8Array, release: () => void): void {
    this.#pendingBytes += block.length;
    this.#tail = this.#tail.then(async () => {
      try {
        if (this.#failure === null) await writeAll(await this.#handle, block);
      } catch (error) {
        this.#fail(error as Error);
      }
      this.#pendingBytes -= block.length;
      release();
    });
  }

  /** Resolves once everything queued so far is written (or has failed). */
  drained(): Promise<void> {
    return this.#tail;
  }

  /** Puts the file in its place. Rejects with the first error; nothing is left behind then. */
  async commit(): Promise<void> {
    await this.#tail;
    try {
      if (this.#failure !== null) throw this.#failure;
      const handle = await this.#handle;
      await handle.sync();
      await handle.close();
      await rename(this.#temporary, this.#path);
      await syncDirectoryInBackground(dirname(this.#path));
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  async discard(): Promise<void> {
    await this.#tail;
    await this.#handle.then((handle) => handle.close()).catch(() => undefined);
    await rm(this.#temporary, { force: true });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
  }
}

/** Loads a file at start-up: nothing else runs meanwhile. Throws RdbError or the file's error. */
export function loadRdbFile(path: string, loader: KeyspaceLoader, verifyChecksum: boolean): void {
  const reader = new RdbReader({ verifyChecksum });
  const chunk = Buffer.allocUnsafe(readChunkBytes);
  const fd = openSync(path, 'r');
  try {
    for (;;) {
      const length = readSync(fd, chunk, 0, chunk.length, null);
      if (length === 0) break;
      reader.feed(chunk.subarray(0, length));
      if (reader.parse(loader).kind === 'done') return;
    }
    reader.end();
  } finally {
    closeSync(fd);
  }
}

/** The size of a file in bytes, undefined when there is none. */
export function fileSize(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

async function writeAll(handle: FileHandle, block: Uint8Array): Promise<void> {
  let at = 0;
  while (at < block.length) {
    const { bytesWritten } = await handle.write(block, at, block.length - at);
    at += bytesWritten;
  }
}

function temporaryName(path: string, label: string | number): string {
  return join(dirname(path), `temp-${label}-${basename(path)}`);
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

async function syncDirectoryInBackground(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync();
  await handle.close();
}
