/** A Persistence on a real directory with a clock that stands still, and what it says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Logger } from '../../../../src/server/log.ts';
import { Loading } from '../../../../src/server/persistence/loading.ts';
import { Persistence } from '../../../../src/server/persistence/persistence.ts';
import { FakeClock } from '../../replication/support/fake-clock.ts';
import { type Content, contentOfRdb, DataSet } from './data-set.ts';

export class PersistenceRig {
  readonly clock = new FakeClock();
  readonly data = new DataSet();
  readonly log: string[] = [];
  /** What `onSaveStatus` was told. */
  readonly statuses: boolean[] = [];
  readonly settings = {
    dir: '',
    dbfilename: 'dump.rdb',
    rdbcompression: true,
    rdbchecksum: true,
    rdbKeySaveDelayUs: 0,
    save: [] as { seconds: number; changes: number }[],
  };
  readonly loading: Loading;
  /** The kinds of loading as they changed. */
  readonly loadings: string[] = [];
  readonly persistence: Persistence;

  constructor(dir: string, pid = process.pid) {
    this.settings.dir = dir;
    const log = new Logger({
      clock: this.clock,
      pid,
      write: (line) => void this.log.push(line),
    });
    this.loading = new Loading({
      clock: this.clock,
      log,
      defer: (fn) => void setImmediate(fn),
      settings: { keyLoadDelayUs: 0, loadingProcessEventsIntervalBytes: 1024 },
      onChange: (kind) => void this.loadings.push(kind),
    });
    this.persistence = new Persistence({
      keyspace: this.data.keyspace,
      clock: this.clock,
      log,
      loading: this.loading,
      pid,
      settings: this.settings,
      defer: (fn) => void setImmediate(fn),
      requests: () => 0,
      aux: () => [['redis-ver', '7.0.15']],
      auxWithoutHistory: () => [['redis-ver', '7.0.15']],
      onSaveStatus: (ok) => void this.statuses.push(ok),
    });
  }

  /** Their names in order; none where the directory is gone. */
  files(): string[] {
    const { dir } = this.settings;
    return existsSync(dir) ? readdirSync(dir).toSorted() : [];
  }

  saved(): Content {
    return contentOfRdb(readFileSync(join(this.settings.dir, this.settings.dbfilename)));
  }

  fill(count: number, value = 'v'): void {
    for (let number = 0; number < count; number++) {
      this.data.set(number % 3, `key:${number}`, `${value}${number}`);
    }
  }
}
