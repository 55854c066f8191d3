/**
 * RDB files on disk: written under a temporary name, synced, renamed, the directory synced, so
 * that `dbfilename` is at every moment either the old file or the new one, whole. SAVE writes
 * synchronously, BGSAVE in the background; both leave nothing behind when they fail.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
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

/** So much is left for the disk at the end at most, when it keeps up. */
const bytesPerSync = 8 * 1024 * 1024;

/** A file being written by the running process, synchronously. */
export class SyncRdbFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #fd: number;
  #isOpen = true;

  /** Throws the system's error when the temporary file cannot be made; so do `write` and `commit`. */
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
    this.#close();
    renameSync(this.#temporary, this.#path);
    syncDirectory(dirname(this.#path));
  }

  /** Leaves nothing behind, however far it had come. */
  discard(): void {
    this.#close();
    rmSync(this.#temporary, { force: true });
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#fd);
  }
}

/** A file being written between requests: `write` queues, the disk works in the background. */
export class BackgroundRdbFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #handle: Promise<FileHandle>;
  #tail: Promise<void>;
  #pendingBytes = 0;
  /** Written since the disk was last told to begin with it. */
  #unsyncedBytes = 0;
  /** The disk's work ahead of `commit`; null while there is none. */
  #syncing: Promise<void> | null = null;
  #failure: Error | null = null;

  constructor(path: string, label: string | number) {
    this.#path = path;
    this.#temporary = temporaryName(path, label);
    this.#handle = this.#open();
    this.#tail = this.#handle.then(
      () => undefined,
      (error: Error) => this.#fail(error),
    );
  }

  /** It is made at once and then opened as it is: what `abandon` has removed does not come back. */
  async #open(): Promise<FileHandle> {
    closeSync(openSync(this.#temporary, 'w', fileMode));
    return open(this.#temporary, 'r+');
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
    this.#tail = this.#writeAfter(this.#tail, block, release);
  }

  async #writeAfter(
    previous: Promise<void>,
    block: Uint8Array,
    release: () => void,
  ): Promise<void> {
    await previous;
    try {
      if (this.#failure === null) {
        const handle = await this.#handle;
        await writeAll(handle, block);
        this.#unsyncedBytes += block.length;
        if (this.#unsyncedBytes >= bytesPerSync) this.#syncAhead(handle);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
    this.#pendingBytes -= block.length;
    release();
  }

  /** The disk begins with what is there while the rest is still being made; `commit` waits for it. */
  #syncAhead(handle: FileHandle): void {
    if (this.#syncing !== null) return;
    this.#unsyncedBytes = 0;
    this.#syncing = handle
      .datasync()
      .catch((error: Error) => this.#fail(error))
      .finally(() => (this.#syncing = null));
  }

  /** Resolves when the disk has everything that was queued so far, or has failed. */
  written(): Promise<void> {
    return this.#tail;
  }

  /**
   * Puts the file in its place and resolves to it, open for reading: what stands under its name may
   * be another one a moment later. Rejects with the first error; nothing is left behind then.
   */
  async commit(): Promise<FileHandle> {
    await this.#tail;
    // The system tells of a failed write once: to this one, if it is the first to ask.
    await this.#syncing;
    try {
      if (this.#failure !== null) throw this.#failure;
      const handle = await this.#handle;
      await handle.sync();
      await replaceFile(this.#temporary, this.#path);
      await syncDirectoryInBackground(dirname(this.#path));
      return handle;
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  async discard(): Promise<void> {
    await this.#tail;
    await this.#handle.then((handle) => handle.close()).catch(() => undefined);
    await rm(this.#temporary, { force: true }).catch(() => undefined);
  }

  /** The process is about to end, or the server to save anew: the file goes now, unfinished. */
  abandon(): void {
    this.#fail(new Error('the save was called off'));
    rmSync(this.#temporary, { force: true });
    void this.discard();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
  }
}

/**
 * Loads a file slice by slice: after each it yields the slice's bytes, and the caller may let others
 * run. Throws RdbError or the file's error.
 */
export function* loadRdbFile(
  path: string,
  loader: KeyspaceLoader,
  options: LoadRdbOptions,
): Generator<number, void> {
  const fd = openSync(path, 'r');
  try {
    yield* loadOpenRdbFile(fd, loader, options);
  } finally {
    closeSync(fd);
  }
}

export interface LoadRdbOptions {
  readonly verifyChecksum: boolean;
  readonly sliceBytes: number;
}

/** The same of a file that the caller holds open: another may stand under its name by now. */
export function* loadOpenRdbFile(
  fd: number,
  loader: KeyspaceLoader,
  options: LoadRdbOptions,
): Generator<number, void> {
  const reader = new RdbReader({ verifyChecksum: options.verifyChecksum });
  const chunk = Buffer.allocUnsafe(options.sliceBytes);
  for (let position = 0; ;) {
    const length = readSync(fd, chunk, 0, chunk.length, position);
    if (length === 0) break;
    position += length;
    reader.feed(chunk.subarray(0, length));
    if (reader.parse(loader).kind === 'done') return;
    yield length;
  }
  reader.end();
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

/**
 * A number alone is the process id, and the name Redis's own; a longer label begins with the id.
 * `removeLeftovers` relies on it.
 */
function temporaryName(path: string, label: string | number): string {
  const name = typeof label === 'number' ? `${label}.rdb` : `${label}-${basename(path)}`;
  return join(dirname(path), `temp-${name}`);
}

/**
 * Removes the temporary files that crashed processes have left, for files whose names are `isOurs`,
 * and returns what they are called. Those of other processes that live stay. To be called before the first save: what has
 * our own id is from an earlier life (in a container every server has the same one).
 */
export function removeLeftovers(
  { directory, isOurs }: { directory: string; isOurs: (name: string) => boolean },
  ownPid: number,
): string[] {
  const names = listDirectory(directory).filter((name) => isLeftover(name, isOurs, ownPid));
  for (const name of names) rmSync(join(directory, name), { force: true });
  return names;
}

function isLeftover(name: string, isOurs: (name: string) => boolean, ownPid: number): boolean {
  const [, pid = '', rest = ''] = /^temp-(\d+)(?:\.\d+)?[.-](.+)$/.exec(name) ?? [];
  if (pid === '') return false;
  const ours = isOurs(rest);
  if (ours && Number(pid) === ownPid) return true;
  // Without the data file's name it may be another server's, whose id is ours in its container.
  return (ours || name === `temp-${pid}.rdb`) && !isAlive(Number(pid));
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Also true for a process of another user, which may not be asked. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Renames; the file that stood there goes later: to free a large one takes a while. */
async function replaceFile(from: string, to: string): Promise<void> {
  const old = await open(to, 'r').catch(() => undefined);
  try {
    await rename(from, to);
  } finally {
    old?.close().catch(() => undefined);
  }
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

async function syncDirectoryInBackground(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
