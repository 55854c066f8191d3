/** An Aof on a real directory with a clock that stands still; its commands are lines of any text. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Logger } from '../../../../src/server/log.ts';
import { Aof } from '../../../../src/server/persistence/aof.ts';
import type { AofSettings } from '../../../../src/server/persistence/aof-ports.ts';
import type { AofApplier } from '../../../../src/server/persistence/aof-load.ts';
import { KeyspaceLoader } from '../../../../src/server/persistence/rdb-load.ts';
import { SkippedItems } from '../../../../src/server/persistence/skipped-items.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { PersistenceRig } from './persistence-rig.ts';

type Settings = { -readonly [Name in keyof AofSettings]: AofSettings[Name] };

export class AofRig {
  readonly rig: PersistenceRig;
  readonly aof: Aof;
  readonly settings: Settings;
  readonly directory: string;
  /** The lines that were loaded from increments. */
  readonly loaded: string[] = [];
  /** What `onStatus` was told: whether the file can be written. */
  readonly statuses: boolean[] = [];
  readonly fatal: Error[] = [];

  constructor(dir: string, settings: Partial<Settings> = {}) {
    this.rig = new PersistenceRig(dir);
    this.settings = { ...defaults, dir, ...settings };
    this.directory = join(dir, this.settings.appenddirname);
    const { clock, data, loading, log, persistence } = this.rig;
    this.aof = new Aof({
      clock,
      loading,
      persistence,
      pid: process.pid,
      settings: this.settings,
      log: new Logger({ clock, pid: process.pid, write: (line) => void log.push(line) }),
      applier: new Lines(this.loaded),
      newRdbLoader: () =>
        new KeyspaceLoader({
          dict: (dbId) => data.db(dbId).dict,
          dropExpiredBefore: -1,
          valueSettings: data.keyspace.valueSettings,
          skipped: new SkippedItems(),
        }),
      defer: (fn) => void setImmediate(fn),
      position: () => undefined,
      replOffset: () => 0,
      onSynced: () => undefined,
      onStatus: (error) => void this.statuses.push(error === null),
      onFatal: (error) => void this.fatal.push(error),
    });
  }

  /** A change of the data set, and the line that tells of it. */
  set(key: string, value: string): void {
    this.rig.data.set(0, key, value);
    this.feed(`set ${key} ${value}\n`);
  }

  feed(text: string): void {
    const bytes = Buffer.from(text);
    this.aof.feed(-1, bytes, 0, bytes.length);
    this.aof.beforeReplies();
  }

  /** BGREWRITEAOF, and waits for its end. */
  async rewrite(): Promise<void> {
    this.aof.bgrewriteaof({ later: false });
    await this.idle();
  }

  idle(): Promise<true> {
    return waitFor(() => !this.aof.rewriter.inProgress, { what: 'the rewrite to end' });
  }

  /** Makes rewrites fail, also for root: something stands where the next base must go. */
  blockBase(seq: number): void {
    mkdirSync(join(this.directory, `appendonly.aof.${seq}.base.rdb`, 'in the way'), {
      recursive: true,
    });
  }

  unblockBase(seq: number): void {
    rmSync(join(this.directory, `appendonly.aof.${seq}.base.rdb`), { recursive: true });
  }

  manifest(): string[] {
    const path = join(this.directory, 'appendonly.aof.manifest');
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  }

  files(): string[] {
    return readdirSync(this.directory).toSorted();
  }

  logged(text: string): number {
    return this.rig.log.filter((line) => line.includes(text)).length;
  }
}

/** Keeps the lines that it is given. */
class Lines implements AofApplier {
  validBytes = 0;
  takenBytes = 0;
  readonly commandsRun = 0;
  readonly lastAnnotation = null;
  readonly #lines: string[];

  constructor(lines: string[]) {
    this.#lines = lines;
  }

  begin(): void {
    this.validBytes = this.takenBytes = 0;
  }

  apply(chunk: Buffer): null {
    this.#lines.push(...chunk.toString().split('\n').slice(0, -1));
    this.takenBytes += chunk.length;
    this.validBytes = this.takenBytes;
    return null;
  }

  end(): void {}
}

const defaults: Omit<Settings, 'dir'> = {
  appenddirname: 'appendonlydir',
  appendfilename: 'appendonly.aof',
  appendonly: true,
  appendfsync: 'everysec',
  noAppendfsyncOnRewrite: false,
  autoAofRewritePercentage: 0,
  autoAofRewriteMinSize: 0,
  aofLoadTruncated: true,
  aofUseRdbPreamble: true,
  aofTimestampEnabled: false,
  aofDisableAutoGc: false,
  rdbchecksum: true,
};
