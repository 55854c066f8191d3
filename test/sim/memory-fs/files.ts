/**
 * Files in memory, for servers under simulation: what `node-fs.ts` and `node-fs-promises.ts` stand on.
 * The simulator's build puts those two in the place of Node's own modules, so no hook in the product
 * is needed. Each node's directory is a disk with a time of its own: background work ends as an event
 * of the process that asked for it, and never when that process has died.
 *
 * A path's first word names the disk (`/7001/dump.rdb`); that is all there is to directories.
 */

/** Runs `fn` when the disk has done its work. */
export type Later = (fn: () => void) => void;

export interface MemoryFile {
  bytes: Buffer;
  size: number;
}

interface OpenFile {
  readonly file: MemoryFile;
  readonly path: string;
  position: number;
}

/** Descriptors of the real system are below. */
const firstDescriptor = 1000;

export class MemoryFiles {
  readonly #files = new Map<string, MemoryFile>();
  readonly #open = new Map<number, OpenFile>();
  readonly #disks = new Map<string, Later>();
  #nextDescriptor = firstDescriptor;

  /** Forgets everything: a new run begins. */
  reset(): void {
    this.#files.clear();
    this.#open.clear();
    this.#disks.clear();
    this.#nextDescriptor = firstDescriptor;
  }

  /** The files under `root` are there as they were; from now on `later` gives the disk its time. */
  mount(root: string, later: Later): void {
    this.#disks.set(root, later);
  }

  later(path: string, fn: () => void): void {
    const disk = this.#disks.get(rootOf(path));
    if (disk === undefined) throw new Error(`no disk is mounted for ${path}`);
    disk(fn);
  }

  isDirectory(path: string): boolean {
    const inside = path.endsWith('/') ? path : `${path}/`;
    return this.#disks.has(path) || this.names().some((name) => name.startsWith(inside));
  }

  names(): string[] {
    return [...this.#files.keys()];
  }

  find(path: string): MemoryFile | undefined {
    return this.#files.get(path);
  }

  get(path: string, call: string): MemoryFile {
    const file = this.#files.get(path);
    if (file === undefined) throw systemError('ENOENT', 'no such file or directory', call, path);
    return file;
  }

  rename(from: string, to: string): void {
    const file = this.get(from, 'rename');
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  /** A directory can be opened too, to be synced. */
  open(path: string, flags: string): number {
    const descriptor = this.#nextDescriptor++;
    const file = this.#fileFor(path, flags);
    this.#open.set(descriptor, { file, path, position: 0 });
    return descriptor;
  }

  #fileFor(path: string, flags: string): MemoryFile {
    if (flags === 'r' && !this.#files.has(path) && this.#isMounted(path)) return emptyFile();
    if (flags !== 'w') return this.get(path, 'open');
    const file = this.#files.get(path) ?? emptyFile();
    file.size = 0;
    this.#files.set(path, file);
    return file;
  }

  /** Directories below a disk's root are made by being named. */
  #isMounted(path: string): boolean {
    return this.#disks.has(rootOf(path)) && !/\.\w+$/.test(path);
  }

  close(descriptor: number): void {
    if (!this.#open.delete(descriptor)) {
      throw systemError('EBADF', 'bad file descriptor', 'close', String(descriptor));
    }
  }

  pathOf(descriptor: number): string {
    return this.#opened(descriptor).path;
  }

  size(descriptor: number): number {
    return this.#opened(descriptor).file.size;
  }

  read(descriptor: number, into: Uint8Array, position: number | null): number {
    const open = this.#opened(descriptor);
    const from = position ?? open.position;
    const part = open.file.bytes.subarray(from, Math.min(open.file.size, from + into.length));
    into.set(part);
    if (position === null) open.position += part.length;
    return part.length;
  }

  write(descriptor: number, bytes: Uint8Array, position: number | null): number {
    const open = this.#opened(descriptor);
    const at = position ?? open.position;
    const end = at + bytes.length;
    grow(open.file, end);
    open.file.bytes.set(bytes, at);
    open.file.size = Math.max(open.file.size, end);
    if (position === null) open.position = end;
    return bytes.length;
  }

  truncate(file: MemoryFile, length: number): void {
    grow(file, length);
    if (length > file.size) file.bytes.fill(0, file.size, length);
    file.size = length;
  }

  truncateOpen(descriptor: number, length: number): void {
    this.truncate(this.#opened(descriptor).file, length);
  }

  #opened(descriptor: number): OpenFile {
    const open = this.#open.get(descriptor);
    if (open === undefined) {
      throw systemError('EBADF', 'bad file descriptor', 'use', String(descriptor));
    }
    return open;
  }
}

/** The one file system of this process, as the real one is. */
export const memoryFiles = new MemoryFiles();

/** `/7001` of `/7001/appendonlydir/x`. */
function rootOf(path: string): string {
  const end = path.indexOf('/', 1);
  return end < 0 ? path : path.slice(0, end);
}

function emptyFile(): MemoryFile {
  return { bytes: Buffer.alloc(0), size: 0 };
}

function grow(file: MemoryFile, size: number): void {
  if (file.bytes.length >= size) return;
  const grown = Buffer.alloc(Math.max(size, 2 * file.bytes.length));
  file.bytes.copy(grown, 0, 0, file.size);
  file.bytes = grown;
}

function systemError(code: string, text: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${text}, ${call} '${path}'`), { code });
}
