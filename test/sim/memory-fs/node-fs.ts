/**
 * What the server uses of `node:fs`, on files in memory. A function that the server begins to use and
 * that is missing here fails the simulator's build.
 */
import { memoryFiles as files } from './files.ts';

type Data = Uint8Array | string;
type Options = { readonly encoding?: BufferEncoding } | BufferEncoding;

export function openSync(path: string, flags: string): number {
  return files.open(path, flags);
}

export function closeSync(descriptor: number): void {
  files.close(descriptor);
}

export function readSync(
  descriptor: number,
  into: Uint8Array,
  offset: number,
  length: number,
  position: number | null,
): number {
  return files.read(descriptor, into.subarray(offset, offset + length), position);
}

export function writeSync(
  descriptor: number,
  bytes: Uint8Array,
  offset = 0,
  length = bytes.length - offset,
  position: number | null = null,
): number {
  return files.write(descriptor, bytes.subarray(offset, offset + length), position);
}

/** In the background. */
export function write(
  descriptor: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
  callback: (error: Error | null, written: number) => void,
): void {
  files.later(files.pathOf(descriptor), () => {
    callback(null, writeSync(descriptor, bytes, offset, length, position));
  });
}

export function fdatasync(descriptor: number, callback: (error: Error | null) => void): void {
  files.later(files.pathOf(descriptor), () => callback(null));
}

export function fdatasyncSync(): void {}

export function fsyncSync(): void {}

export function fchmodSync(): void {}

export function chmodSync(): void {}

export function mkdirSync(): void {}

export function ftruncateSync(descriptor: number, length: number): void {
  files.truncateOpen(descriptor, length);
}

export function truncateSync(path: string, length: number): void {
  files.truncate(files.get(path, 'truncate'), length);
}

export function readFileSync(path: string, options?: Options): Buffer | string {
  const { bytes, size } = files.get(path, 'open');
  const content = Buffer.from(bytes.subarray(0, size));
  const encoding = typeof options === 'string' ? options : options?.encoding;
  return encoding === undefined ? content : content.toString(encoding);
}

export function writeFileSync(path: string, data: Data, options?: Options): void {
  const encoding = typeof options === 'string' ? options : options?.encoding;
  const descriptor = files.open(path, 'w');
  files.write(descriptor, typeof data === 'string' ? Buffer.from(data, encoding) : data, null);
  files.close(descriptor);
}

export function appendFileSync(path: string, data: Data): void {
  const before = files.find(path) === undefined ? Buffer.alloc(0) : (readFileSync(path) as Buffer);
  writeFileSync(path, Buffer.concat([before, Buffer.from(data as string)]));
}

export function existsSync(path: string): boolean {
  return files.find(path) !== undefined || files.isDirectory(path);
}

interface Stats {
  readonly size: number;
  readonly mode: number;
  isDirectory(): boolean;
}

export function statSync(
  path: string,
  options?: { readonly throwIfNoEntry?: boolean },
): Stats | undefined {
  if (files.isDirectory(path)) return { size: 0, mode: 0o755, isDirectory: () => true };
  if (options?.throwIfNoEntry === false && files.find(path) === undefined) return undefined;
  const { size } = files.get(path, 'stat');
  return { size, mode: 0o600, isDirectory: () => false };
}

/** What lies directly in a directory. */
export function readdirSync(path: string): string[] {
  const inside = path.endsWith('/') ? path : `${path}/`;
  const within = files.names().filter((name) => name.startsWith(inside));
  return [...new Set(within.map((name) => name.slice(inside.length).split('/')[0]))].sort();
}

export function realpathSync(path: string): string {
  return path;
}

export function renameSync(from: string, to: string): void {
  files.rename(from, to);
}

/** Always as with `force: true`. */
export function rmSync(path: string): void {
  for (const name of files.names()) {
    if (name === path || name.startsWith(`${path}/`)) files.remove(name);
  }
}
