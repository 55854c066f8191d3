/** What the append-only file needs from outside, for aof.ts and aof-start.ts. Types only. */
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../log.ts';
import type { AofFilesSettings } from './aof-files.ts';
import type { AofApplier } from './aof-load.ts';
import type { AofPosition } from './aof-stream.ts';
import type { Loading } from './loading.ts';
import type { Persistence } from './persistence.ts';
import type { KeyspaceLoader } from './rdb-load.ts';

/** The directives that matter here; read afresh at each use. */
export interface AofSettings extends AofFilesSettings {
  readonly appendonly: boolean;
  readonly appendfsync: 'always' | 'everysec' | 'no';
  readonly noAppendfsyncOnRewrite: boolean;
  /** Percent; 0 switches rewriting by itself off. */
  readonly autoAofRewritePercentage: number;
  /** Bytes. */
  readonly autoAofRewriteMinSize: number;
  readonly aofLoadTruncated: boolean;
  readonly rdbchecksum: boolean;
}

export interface AofDeps {
  readonly clock: Clock;
  readonly pid: number;
  readonly log: Logger;
  readonly settings: AofSettings;
  readonly loading: Loading;
  readonly persistence: Persistence;
  readonly applier: AofApplier;
  readonly newRdbLoader: () => KeyspaceLoader;
  readonly defer: (fn: () => void) => void;
  /** Where the data set stands in its replication history. */
  readonly position: () => AofPosition | undefined;
  /** Writes may be refused while the file cannot be written. */
  readonly onStatus: (error: Error | null) => void;
  /** The end of the replication stream. */
  readonly replOffset: () => number;
  /** More is safe on the disk than before, or there is no file any more. */
  readonly onSynced: () => void;
  /** With `appendfsync always` what was acknowledged must be on disk: the process cannot go on. */
  readonly onFatal: (error: Error) => void;
}
