/** What the server uses of `node:fs/promises`, on files in memory; see `node-fs.ts`. */
import { memoryFiles as files } from './files.ts';
import { readSync, renameSync, rmSync, writeFileSync, writeSync } from './node-fs.ts';

/** The part of Node's FileHandle that the server uses. */
class MemoryHandle {
  readonly fd: number;
  readonly #path: string;
  #closing: Promise<void> | undefined;

  constructor(fd: number, path: string) {
    this.fd = fd;
    this.#path = path;
  }

  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number | null = null,
  ): Promise<{ bytesWritten: number }> {
    return inBackground(this.#path, () => ({
      bytesWritten: writeSync(this.fd, bytes, offset, length, position),
    }));
  }

  read(
    into: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ bytesRead: number }> {
    return inBackground(this.#path, () => ({
      bytesRead: readSync(this.fd, into, offset, length, position),
    }));
  }

  stat(): Promise<{ size: number }> {
    return inBackground(this.#path, () => ({ size: files.size(this.fd) }));
  }

  sync(): Promise<void> {
    return inBackground(this.#path, () => undefined);
  }

  /** Once; again is no error, as with Node's. */
  close(): Promise<void> {
    this.#closing ??= inBackground(this.#path, () => files.close(this.fd));
    return this.#closing;
  }
}

export function open(path: string, flags: string): Promise<MemoryHandle> {
  return inBackground(path, () => new MemoryHandle(files.open(path, flags), path));
}

export function rename(from: string, to: string): Promise<void> {
  return inBackground(from, () => renameSync(from, to));
}

export function rm(path: string): Promise<void> {
  return inBackground(path, () => rmSync(path));
}

export function writeFile(
  path: string,
  data: Uint8Array | string,
  options?: { readonly encoding?: BufferEncoding },
): Promise<void> {
  return inBackground(path, () => writeFileSync(path, data, options));
}

function inBackground<T>(path: string, work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    files.later(path, () => {
      try {
        resolve(work());
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}
