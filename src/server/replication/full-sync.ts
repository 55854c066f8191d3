/**
 * One full resync: one snapshot at one offset, sent to every replica that waited for it.
 *
 *   target socket:  chunks go to all replicas as they are made; the slowest one sets the pace
 *   target disk:    the snapshot is saved first, then each replica reads the file at its own pace
 *
 * A replica's cursor stands at the snapshot's offset from the beginning, so the log keeps what is
 * written meanwhile. Made and owned by the master side, which is told of each replica's success.
 */
import { printFullresync, printRdbEof, printRdbLength } from '../../protocol/psync-lines.ts';
import type { RdbFile, ReplicationLogger, SnapshotJob, SnapshotPort } from './ports.ts';
import type { SaveInfo, SnapshotRequest } from './ports.ts';
import { assert } from '../../util/errors.ts';
import { nameOf } from './replica.ts';
import type { Replica } from './replica.ts';
import type { ReplicationLog } from './replication-log.ts';

/** Unsent bytes of the slowest replica above which the snapshot stops: bounds memory. */
const pauseAboveBytes = 8 * 1024 * 1024;
/** … and below which it goes on, so that sockets do not run dry. */
const resumeBelowBytes = 4 * 1024 * 1024;
/** Each read of the saved file, and each write. */
const fileReadBytes = 64 * 1024;

export interface FullSyncDeps {
  readonly log: ReplicationLog;
  readonly logger: ReplicationLogger;
  readonly nowMs: () => number;
  /** The whole RDB was handed to this replica's socket, and the socket took it. */
  readonly onSent: (replica: Replica, sync: FullSync) => void;
  /** The replica must go: it cannot be completed. */
  readonly drop: (replica: Replica, reason: string) => void;
  /** The snapshot is over, well or not: another one may start. */
  readonly onEnded: (sync: FullSync) => void;
}

/** How far one replica is with the RDB. */
interface Delivery {
  /** Written to its socket and not yet taken. */
  pendingBytes: number;
  /** Monotonic milliseconds of the last progress. */
  progressMs: number;
}

export class FullSync {
  readonly target: 'disk' | 'socket';
  readonly saveInfo: SaveInfo;
  readonly withoutData: boolean;
  readonly #deps: FullSyncDeps;
  readonly #mark: string;
  readonly #deliveries = new Map<Replica, Delivery>();
  #job: SnapshotJob | undefined;
  #file: RdbFile | undefined;
  #paused = false;
  #snapshotDone = false;

  constructor(
    deps: FullSyncDeps,
    options: {
      target: 'disk' | 'socket';
      saveInfo: SaveInfo;
      withoutData: boolean;
      mark: string;
    },
  ) {
    this.#deps = deps;
    this.target = options.target;
    this.saveInfo = options.saveInfo;
    this.withoutData = options.withoutData;
    this.#mark = options.mark;
  }

  /** The snapshot is still being made: a disk target can take more replicas. */
  get running(): boolean {
    return !this.#snapshotDone;
  }

  get replicaCount(): number {
    return this.#deliveries.size;
  }

  /** Takes the snapshot now. Undefined on success, else why it cannot be taken at present. */
  start(snapshots: SnapshotPort, replicas: Iterable<Replica>): string | undefined {
    const request: SnapshotRequest = {
      target: this.target,
      saveInfo: this.saveInfo,
      withoutData: this.withoutData,
      onChunk: (chunk, release) => this.#onChunk(chunk, release),
      onDone: (file) => this.#onSnapshotDone(file),
      onFailed: (reason) => this.#onSnapshotFailed(reason),
    };
    const outcome = snapshots.start(request);
    if ('busy' in outcome) return outcome.busy;
    assert(!this.#snapshotDone, 'a snapshot calls back after its start only');
    this.#job = outcome;
    for (const replica of replicas) this.add(replica);
    return undefined;
  }

  /** Also for a replica that comes later, while a disk snapshot is running. */
  add(replica: Replica): boolean {
    const { log, nowMs } = this.#deps;
    const cursor = log.openCursor(this.saveInfo.replOffset + 1);
    if (cursor === null) return false;
    replica.cursor = cursor;
    replica.state = 'wait-bgsave-end';
    this.#deliveries.set(replica, { pendingBytes: 0, progressMs: nowMs() });
    if (!replica.prePsync) {
      replica.connection.write(
        latin1(printFullresync(this.saveInfo.replId, this.saveInfo.replOffset)),
      );
    }
    if (this.target === 'socket') this.#send(replica, latin1(printRdbEof(this.#mark)));
    return true;
  }

  has(replica: Replica): boolean {
    return this.#deliveries.has(replica);
  }

  /** The replica is gone; without any left the snapshot is of no use. */
  remove(replica: Replica): void {
    if (!this.#deliveries.delete(replica)) return;
    if (this.#deliveries.size === 0) this.#onNoReplicaLeft();
    else this.#resumeIfDrained();
  }

  /** Replicas that took nothing for `timeoutMs` although something waits for them. */
  stalled(timeoutMs: number): Replica[] {
    const now = this.#deps.nowMs();
    return [...this.#deliveries]
      .filter(([, delivery]) => delivery.pendingBytes > 0 && now - delivery.progressMs > timeoutMs)
      .map(([replica]) => replica);
  }

  // ---- Target socket -----------------------------------------------------------------------------

  #onChunk(chunk: Uint8Array, release?: () => void): boolean {
    let readers = this.#deliveries.size;
    const onTaken = (): void => {
      if (--readers === 0) release?.();
    };
    if (readers === 0) release?.();
    for (const replica of this.#deliveries.keys()) this.#send(replica, chunk, onTaken);
    this.#paused = this.#slowestPendingBytes() > pauseAboveBytes;
    return !this.#paused;
  }

  #send(replica: Replica, bytes: Uint8Array, onTaken?: () => void): void {
    const delivery = this.#deliveries.get(replica);
    if (delivery === undefined) {
      onTaken?.();
      return;
    }
    delivery.pendingBytes += bytes.length;
    replica.connection.write(bytes, () => {
      delivery.pendingBytes -= bytes.length;
      delivery.progressMs = this.#deps.nowMs();
      onTaken?.();
      this.#resumeIfDrained();
    });
  }

  #resumeIfDrained(): void {
    if (!this.#paused || this.#snapshotDone) return;
    if (this.#slowestPendingBytes() > resumeBelowBytes) return;
    this.#paused = false;
    this.#job?.resume();
  }

  #slowestPendingBytes(): number {
    let slowest = 0;
    for (const { pendingBytes } of this.#deliveries.values()) {
      if (pendingBytes > slowest) slowest = pendingBytes;
    }
    return slowest;
  }

  // ---- The end of the snapshot -------------------------------------------------------------------

  #onSnapshotDone(file: RdbFile | undefined): void {
    this.#snapshotDone = true;
    const replicas = [...this.#deliveries.keys()];
    if (this.target === 'socket') this.#finishStream(replicas);
    else {
      assert(file !== undefined, 'a disk snapshot ends with its file');
      this.#sendFile(file, replicas);
    }
    this.#deps.onEnded(this);
  }

  #finishStream(replicas: readonly Replica[]): void {
    this.#deps.logger.notice(
      `Diskless rdb transfer, done reading from pipe, ${replicas.length} replicas still up.`,
    );
    for (const replica of replicas) {
      this.#send(replica, latin1(this.#mark), () => this.#onReplicaDone(replica));
    }
  }

  #sendFile(file: RdbFile, replicas: readonly Replica[]): void {
    this.#file = file;
    if (replicas.length === 0) this.#closeFile();
    for (const replica of replicas) {
      replica.state = 'send-bulk';
      void this.#streamFile(file, replica);
    }
  }

  async #streamFile(file: RdbFile, replica: Replica): Promise<void> {
    this.#send(replica, latin1(printRdbLength(file.sizeBytes)));
    try {
      for (let position = 0; position < file.sizeBytes && this.has(replica);) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(fileReadBytes, file.sizeBytes - position));
        const count = await file.read(buffer, position);
        if (count === 0) throw new Error(`it ends at byte ${position} of ${file.sizeBytes}`);
        await this.#sendAndWait(replica, buffer.subarray(0, count));
        position += count;
      }
      this.#onReplicaDone(replica);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#deps.drop(replica, `the saved RDB cannot be read: ${reason}`);
    }
  }

  #sendAndWait(replica: Replica, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#send(replica, bytes, resolve));
  }

  #onReplicaDone(replica: Replica): void {
    if (!this.#deliveries.delete(replica)) return;
    if (this.#deliveries.size === 0) this.#closeFile();
    this.#deps.onSent(replica, this);
  }

  #onSnapshotFailed(reason: string): void {
    this.#snapshotDone = true;
    for (const replica of this.#deliveries.keys()) {
      this.#deps.drop(replica, `the snapshot for its full resync failed: ${reason}`);
    }
    this.#deps.onEnded(this);
  }

  #onNoReplicaLeft(): void {
    this.#closeFile();
    if (this.#snapshotDone) return;
    this.#snapshotDone = true;
    if (this.target === 'socket') {
      // The words that scripts look for; there is no child to kill here. [redis 7.0]
      this.#deps.logger.notice('Diskless rdb transfer, last replica dropped, killing fork child.');
    }
    this.#job?.abort('no replica waits for it any more');
    this.#deps.onEnded(this);
  }

  #closeFile(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** For the log. */
export function namesOf(replicas: Iterable<Replica>): string {
  return [...replicas].map(nameOf).join(', ');
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
