/**
 * The append-only directory on disk: its manifest, replaced in one step, and the files that the
 * manifest names. What is in the manifest is `aof-manifest.ts`; when it changes is `aof.ts`.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemMessage } from '../../redis-conf/conf-file.ts';
import { type AofManifest, emptyManifest, parseManifest, printManifest } from './aof-manifest.ts';

/** The data set may be secret: only the owner reads it. */
const fileMode = 0o600;
const directoryMode = 0o755;

/** The directives that say where the files are; read afresh at each use. */
export interface AofLocation {
  readonly dir: string;
  readonly appenddirname: string;
  readonly appendfilename: string;
}

export class AofDirectory {
  readonly #location: AofLocation;

  constructor(location: AofLocation) {
    this.#location = location;
  }

  get path(): string {
    return join(this.#location.dir, this.#location.appenddirname);
  }

  get manifestPath(): string {
    return join(this.path, `${this.#location.appendfilename}.manifest`);
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  /** Throws AofManifestError; empty when there is no manifest yet. */
  readManifest(): AofManifest {
    if (!existsSync(this.manifestPath)) return emptyManifest;
    return parseManifest(readFileSync(this.manifestPath, 'latin1'));
  }

  /** Makes the directory if it is not there. Throws Error, in words for the operator. */
  make(): void {
    if (statSync(this.path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    try {
      // Not with the way to it: of a read-only disk Node would say then that something is missing.
      mkdirSync(this.path, { mode: directoryMode });
    } catch (error) {
      const reason = systemMessage(error);
      throw new Error(`Can't open or create append-only dir ${this.path}: ${reason}.`, {
        cause: error,
      });
    }
  }

  /** Bytes of a file, undefined when it is not there. */
  sizeOf(name: string): number | undefined {
    return statSync(this.pathOf(name), { throwIfNoEntry: false })?.size;
  }

  /**
   * The single file of Redis before 7 becomes the base, in the directory. Manifest first: if the move
   * is interrupted, the next start goes on with it. True when there was one.
   */
  adoptOldFile(manifest: AofManifest): boolean {
    const { dir, appendfilename } = this.#location;
    const old = join(dir, appendfilename);
    const named = manifest.base?.name === appendfilename;
    if (!existsSync(old)) return false;
    // A server that shares this directory may have a file of that name; ours is in the manifest.
    if (existsSync(this.manifestPath) && !(named && this.sizeOf(appendfilename) === undefined)) {
      return false;
    }
    this.make();
    this.writeManifestNow({ ...emptyManifest, base: { name: appendfilename, seq: 1 } });
    renameSync(old, this.pathOf(appendfilename));
    syncDirectoryNow(this.path);
    return true;
  }

  /** At the start, when nobody is served yet. */
  writeManifestNow(manifest: AofManifest): void {
    const temporary = this.#temporaryManifest();
    writeFileSync(temporary, printManifest(manifest), { encoding: 'latin1', mode: fileMode });
    const fd = openSync(temporary, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, this.manifestPath);
    syncDirectoryNow(this.path);
  }

  async writeManifest(manifest: AofManifest): Promise<void> {
    const temporary = this.#temporaryManifest();
    await writeFile(temporary, printManifest(manifest), { encoding: 'latin1', mode: fileMode });
    await sync(temporary);
    await rename(temporary, this.manifestPath);
    await sync(this.path);
  }

  /** Makes a file, or empties one that a crash has left and no manifest names. */
  async createEmpty(name: string): Promise<void> {
    await writeFile(this.pathOf(name), '', { mode: fileMode });
    await sync(this.path);
  }

  /** A file of no use any more; that it cannot be deleted harms nobody. */
  async remove(name: string): Promise<void> {
    await rm(this.pathOf(name), { force: true }).catch(() => undefined);
  }

  /** The same before it returns, for one whose name may be used again. */
  removeNow(name: string): void {
    try {
      rmSync(this.pathOf(name), { force: true });
    } catch {
      // As above.
    }
  }

  #temporaryManifest(): string {
    return join(this.path, `temp-${basename(this.manifestPath)}`);
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function syncDirectoryNow(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
