/**
 * The files of the append-only file as they stand: the directory, and the manifest that names what
 * is in it. Every change here is on disk before it counts: if it fails, what was there holds on.
 * Used by the Aof and its rewriter.
 */
import type { Logger } from '../log.ts';
import type { AofBase } from './aof-base.ts';
import { removeLeftovers } from './rdb-file.ts';
import { AofDirectory, type AofLocation } from './aof-directory.ts';
import {
  type AofFileEntry,
  type AofManifest,
  AofManifestError,
  emptyManifest,
  nextBase,
  nextIncrement,
  replaceBase,
} from './aof-manifest.ts';

export interface AofFilesSettings extends AofLocation {
  readonly aofUseRdbPreamble: boolean;
  readonly aofTimestampEnabled: boolean;
  readonly aofDisableAutoGc: boolean;
}

export class AofFiles {
  readonly directory: AofDirectory;
  readonly #settings: AofFilesSettings;
  readonly #log: Logger;
  #manifest: AofManifest = emptyManifest;

  constructor(options: { settings: AofFilesSettings; log: Logger }) {
    this.#settings = options.settings;
    this.#log = options.log;
    this.directory = new AofDirectory(options.settings);
  }

  get manifest(): AofManifest {
    return this.#manifest;
  }

  get isEmpty(): boolean {
    return this.#manifest.base === null && this.#manifest.increments.length === 0;
  }

  // ---- reading ----

  /** Takes up what the disk says. Throws Error, in words for the operator. */
  read(): void {
    try {
      this.#manifest = this.directory.readManifest();
    } catch (error) {
      if (!(error instanceof AofManifestError)) throw error;
      const where = error.line === 0 ? '' : ` Line ${error.line}: '${error.text}'.`;
      throw new Error(
        `*** FATAL AOF MANIFEST FILE ERROR *** ${error.message} ` +
          `(${this.directory.manifestPath}).${where}`,
        { cause: error },
      );
    }
  }

  /** Clears away bases that a crashed process left half written. */
  removeLeftovers(pid: number): void {
    const { appendfilename } = this.#settings;
    const isOurs = (name: string): boolean => name.startsWith(`${appendfilename}.`);
    for (const name of removeLeftovers({ directory: this.directory.path, isOurs }, pid)) {
      this.#log.notice(`Removed ${name}, which an earlier process left half written`);
    }
  }

  /** The single file of Redis before 7 becomes the base. */
  adoptOldFile(): void {
    this.read();
    if (!this.directory.adoptOldFile(this.#manifest)) return;
    const { appendfilename, appenddirname } = this.#settings;
    this.#log.notice(
      `Successfully migrated an old-style AOF file (${appendfilename}) into the AOF directory ` +
        `(${appenddirname}).`,
    );
    this.read();
  }

  /** Throws Error when a file is missing that the manifest names. */
  requireFiles(): void {
    const { base, increments } = this.#manifest;
    for (const { name } of [...(base === null ? [] : [base]), ...increments]) {
      if (this.directory.sizeOf(name) !== undefined) continue;
      throw new Error(
        `Unable to read the AOF file ${name} in ${this.directory.path}: No such file or directory. ` +
          'The manifest names it: put it back, or take its line out of the manifest if you can do ' +
          'without what it held.',
      );
    }
  }

  /** Bytes of all files but one: the increment that is being written to. */
  sizeWithout(increment: AofFileEntry | null): number {
    const { base, increments } = this.#manifest;
    return [...(base === null ? [] : [base]), ...increments]
      .filter(({ name }) => name !== increment?.name)
      .reduce((sum, { name }) => sum + (this.directory.sizeOf(name) ?? 0), 0);
  }

  // ---- at the start, when nobody is served yet ----

  setBaseNow(base: AofFileEntry): void {
    this.#writeNow({ ...this.#manifest, base });
  }

  addIncrementNow(increment: AofFileEntry): void {
    this.#writeNow(this.#with(increment));
  }

  #writeNow(manifest: AofManifest): void {
    this.directory.writeManifestNow(manifest);
    this.#manifest = manifest;
  }

  // ---- rewriting ----

  nextBase(): AofFileEntry {
    const { appendfilename, aofUseRdbPreamble } = this.#settings;
    return nextBase(this.#manifest, appendfilename, aofUseRdbPreamble ? 'rdb' : 'aof');
  }

  nextIncrement(): AofFileEntry {
    return nextIncrement(this.#manifest, this.#settings.appendfilename);
  }

  /** How the snapshot is to write a base. */
  describe({ name }: AofFileEntry, nowMs: number): AofBase {
    return {
      path: this.directory.pathOf(name),
      format: name.endsWith('.rdb') ? 'rdb' : 'aof',
      timestampSec: this.#settings.aofTimestampEnabled ? Math.floor(nowMs / 1000) : -1,
    };
  }

  /** Makes an increment, empty so far, part of the data set. */
  async addIncrement(increment: AofFileEntry): Promise<void> {
    await this.directory.createEmpty(increment.name);
    await this.#write(this.#with(increment));
  }

  /**
   * A new base is there. `added` is an increment that was begun with it and is not named yet; the
   * last `kept` increments go on, what is before them is history.
   */
  async replaceBase(
    base: AofFileEntry,
    { added, kept }: { added: AofFileEntry | null; kept: number },
  ): Promise<void> {
    const manifest = added === null ? this.#manifest : this.#with(added);
    await this.#write(replaceBase(manifest, base, kept));
  }

  /** Deletes what rewrites have replaced, and ceases to name it. */
  async collectGarbage(): Promise<void> {
    const { history } = this.#manifest;
    if (history.length === 0 || this.#settings.aofDisableAutoGc) return;
    // The files first: names of files that are gone do no harm, files without a name stay for ever.
    for (const { name } of history) await this.directory.remove(name);
    await this.#write({ ...this.#manifest, history: [] }).catch((error: Error) => {
      this.#log.warning(`The AOF manifest could not be written: ${error.message}`);
    });
  }

  #with(increment: AofFileEntry): AofManifest {
    return { ...this.#manifest, increments: [...this.#manifest.increments, increment] };
  }

  async #write(manifest: AofManifest): Promise<void> {
    await this.directory.writeManifest(manifest);
    this.#manifest = manifest;
  }
}
