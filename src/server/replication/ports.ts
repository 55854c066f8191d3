/**
 * What replication needs from the rest of the server, and nothing more. The composition root
 * implements these interfaces; the simulator and the tests implement them in memory. Replication
 * never imports the keyspace, the clients or the network.
 *
 *                 Connect ──▶ Wire ┐                      ┌ ReplicaConnection (an accepted client)
 *   our master ◀── handshake, ACKs ┤  ReplicaLink   MasterSide ├──▶ our replicas
 *        RdbLoader ◀── full sync ──┤        └─▶ log ─▶┤   └◀── SnapshotPort (the RDB we send)
 *     StreamApplier ◀── commands ──┘                      └ ReplicationHost (role changes, acks)
 */
import type { Clock } from '../../util/clock.ts';
import type { Random } from '../../util/random.ts';

/** The part of the server's Logger that replication uses. */
export interface ReplicationLogger {
  debug(message: string): void;
  verbose(message: string): void;
  notice(message: string): void;
  warning(message: string): void;
}

/** Everything the composition root passes in. */
export interface ReplicationDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: ReplicationLogger;
  readonly settings: ReplicationSettings;
  readonly connect: Connect;
  readonly snapshots: SnapshotPort;
  readonly loader: RdbLoader;
  readonly applier: StreamApplier;
  readonly host: ReplicationHost;
  /** Runs `fn` once, later in this turn of the event loop (setImmediate). */
  readonly defer: (fn: () => void) => void;
}

/**
 * The directives of the configuration that replication reads, under their own names with the unit
 * appended. They are read afresh at each use, so CONFIG SET takes effect by changing the fields.
 */
export interface ReplicationSettings {
  /** The port we listen on; told to the master unless `replicaAnnouncePort` is set. */
  readonly port: number;
  readonly replTimeoutSec: number;
  readonly replPingReplicaPeriodSec: number;
  /** Bytes. After changing it call `Replication.backlogSizeChanged()`. */
  readonly replBacklogSize: number;
  /** Seconds without replicas after which a master frees its backlog; 0 = never. */
  readonly replBacklogTtlSec: number;
  readonly replDisklessSync: boolean;
  readonly replDisklessSyncDelaySec: number;
  /** Start a diskless sync early once so many replicas wait; 0 = never. */
  readonly replDisklessSyncMaxReplicas: number;
  readonly replDisableTcpNodelay: boolean;
  /** '' = not set. */
  readonly replicaAnnounceIp: string;
  /** 0 = not set. */
  readonly replicaAnnouncePort: number;
  readonly replicaPriority: number;
  readonly replicaReadOnly: boolean;
  readonly replicaAnnounced: boolean;
  readonly replicaProtectData: boolean;
  /** '' = not set. */
  readonly masteruser: string;
  /** '' = not set. */
  readonly masterauth: string;
  readonly minReplicasToWrite: number;
  readonly minReplicasMaxLagSec: number;
  /** `client-output-buffer-limit replica <hard> <soft> <seconds>`; 0 = no limit. */
  readonly replicaOutputBufferLimit: OutputBufferLimit;
}

export interface OutputBufferLimit {
  readonly hardLimitBytes: number;
  readonly softLimitBytes: number;
  readonly softLimitSec: number;
}

/** What the server must do when replication changes something that others see. */
interface ReplicationHost {
  /**
   * Called after every change of role, and of master while a replica. The host marks the log lines,
   * unblocks blocked clients, and starts or stops active expiry.
   */
  onRoleChange(role: 'master' | 'replica'): void;
  /** A replica acknowledged a higher offset (or went online or away): look at WAIT again. */
  onReplicaAck(): void;
  /** How far our append-only file is safe on the disk; undefined without one. */
  fsyncedReplOffset(): number | undefined;
  /** A full sync has put another data set in place. */
  onDataReplaced(): void;
  /** FAILOVER holds writers back, and lets them go on at its end. */
  pauseForFailover(on: boolean): void;
}

// ---- Connections we open (to our master) -------------------------------------------------------

/** Starts to connect and returns at once; the outcome comes through `events`. */
export type Connect = (target: MasterAddress, events: WireEvents) => Wire;

export interface MasterAddress {
  readonly host: string;
  readonly port: number;
}

export interface Wire {
  /**
   * Queues `bytes`, which must not change until `written` was called. `written` is called exactly
   * once, also when the connection ends first.
   */
  write(bytes: Uint8Array, written?: () => void): void;
  /** Stops `onData` until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends the connection at once; none of the events is called afterwards. */
  destroy(): void;
}

export interface WireEvents {
  onConnect(): void;
  /** `chunk` belongs to the receiver from now on: the sender must not reuse its memory. */
  onData(chunk: Uint8Array): void;
  /** At most once, and last. `reason` is for the log: `ECONNREFUSED`, `closed by the other end`. */
  onClose(reason: string): void;
}

// ---- Connections we accepted (our replicas) ----------------------------------------------------

/** A client that asked for PSYNC or SYNC, or sent REPLCONF. The same object every time. */
export interface ReplicaConnection {
  readonly id: number;
  /** `ip:port` of the socket, for the log. */
  readonly address: string;
  readonly ip: string;
  /** Replies queued and not yet sent; PSYNC is refused while there are any. */
  readonly pendingOutputBytes: number;
  /** As in Wire. After PSYNC replication alone writes to this connection. */
  write(bytes: Uint8Array, written?: () => void): void;
  setNoDelay(enabled: boolean): void;
  /** Closes it at once. The host calls `Replication.handleClosed` for any end, this one included. */
  close(reason: string): void;
}

// ---- The RDB we send -----------------------------------------------------------------------------

export interface SnapshotPort {
  /**
   * Takes a snapshot of the data set as it is *now*, before returning (its offset is the present
   * `masterReplOffset`), and writes it out in slices later. Returns `{busy}` when a background
   * job that excludes this one is running; it is asked again every second. None of the request's
   * callbacks is called before it returns.
   */
  start(request: SnapshotRequest): SnapshotJob | { readonly busy: string };
}

/** What a snapshot must carry in its aux fields so that the receiver can continue the stream. */
export interface SaveInfo {
  readonly replId: string;
  readonly replOffset: number;
  /** The database that the stream has selected at `replOffset`. */
  readonly replStreamDb: number;
}

export interface SnapshotRequest {
  /** `disk`: save to `dbfilename` as BGSAVE does. `socket`: hand over chunks. */
  readonly target: 'disk' | 'socket';
  readonly saveInfo: SaveInfo;
  /** `socket` only: an RDB without keys, for replicas that asked for other parts of it. */
  readonly withoutData: boolean;
  /**
   * `socket` only, in order. The chunk must not change until `release` was called (or ever, when it
   * is not given). Returns false when too much is pending: stop walking until `resume`.
   */
  onChunk(chunk: Uint8Array, release?: () => void): boolean;
  /** Once, at the end: all chunks were handed over, or the file is complete (opened for us). */
  onDone(file?: RdbFile): void;
  /** Once, instead of onDone. Not called after `abort`. */
  onFailed(reason: string): void;
}

export interface SnapshotJob {
  /** The replicas took enough of the chunks: go on walking. */
  resume(): void;
  /** No replica wants it any more. A disk snapshot may finish if it serves as a BGSAVE too. */
  abort(reason: string): void;
}

/** A finished RDB file, open, so that a later BGSAVE cannot pull it away. */
export interface RdbFile {
  readonly sizeBytes: number;
  /** Reads at `position` into `into`, resolves to the number of bytes (0 = end). */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): void;
}

// ---- The RDB we receive --------------------------------------------------------------------------

/**
 * Calls never overlap: begin, feed…, then end or abort. All may throw or reject: the load failed, and
 * abort follows. From `beforeReplacing` until `end` resolves the host answers REPLICAOF and PSYNC
 * with -LOADING, so the role does not change under a half-loaded data set.
 */
export interface RdbLoader {
  begin(info: LoadInfo): void | Promise<void>;
  /** At most 256 KiB at a time; the socket is paused until it returns (or resolves). */
  feed(slice: Uint8Array): void | Promise<void>;
  /** The whole RDB was received. Resolves once the new data set is in place. */
  end(): LoadedRdb | Promise<LoadedRdb>;
  /** How often data were kept from an empty master; see `replica-protect-data`. */
  readonly refusals: number;
  /** The transfer broke off, or a call above failed. Called once, also after a failing `begin`. */
  abort(reason: string): void;
}

export interface LoadInfo {
  /** `host:port`, for the log. */
  readonly master: string;
  readonly form: 'length' | 'eof';
  /** It is a later state of the very data that are here: they may be served meanwhile. */
  readonly sameHistory: boolean;
  /** Known in the `$<len>` form. */
  readonly sizeBytes: number | undefined;
  /**
   * To be called right before the old data set is dropped (at once, or after spooling the RDB):
   * chained replicas are disconnected and the old history is forgotten at this moment.
   */
  readonly beforeReplacing: () => void;
}

export interface LoadedRdb {
  /** The aux field `repl-stream-db`, 0 when absent. */
  readonly replStreamDb: number;
}

// ---- The stream we apply -------------------------------------------------------------------------

export interface StreamApplier {
  /** A new stream starts at a command boundary: reset the parser, select the database. */
  begin(start: { readonly selectedDb: number; readonly master: string }): void;
  /**
   * Parses and runs the commands in `chunk`, keeping an unfinished tail. Returns how many bytes of
   * the stream became *applied* by this call, counted from the last applied byte on (so it can be
   * more than the chunk's length). Only whole commands count, and a MULTI only with its EXEC.
   * While writes are paused they are held back; an empty chunk goes on with them.
   * Throws StreamError when the stream is not valid RESP: the link is then dropped and a full
   * resync asked for. Any other exception is a bug and is not caught.
   */
  apply(chunk: Uint8Array): number;
  /** The link is down; what was not applied is forgotten (the master sends it again). */
  end(): void;
  /** The database that the stream has selected at the last applied byte. */
  readonly selectedDb: number;
}

/** The master's stream cannot be parsed. */
export class StreamError extends Error {
  /** What `apply` would have returned: commands before the fault were run. */
  readonly appliedBytes: number;

  constructor(message: string, appliedBytes = 0) {
    super(message);
    this.appliedBytes = appliedBytes;
  }
}
