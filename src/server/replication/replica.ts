/**
 * One replica of ours, as the master side keeps it: data, and the small questions asked of it.
 *
 *   wait-bgsave-start ─▶ wait-bgsave-end ─▶ [send-bulk: a file] ─▶ online
 *        (no snapshot yet)   (snapshot runs, or is streamed)         └ stream starts: at once, or
 *                                                                      after the first ACK ($EOF:)
 */
import type { ReplconfOption } from '../../protocol/psync-lines.ts';
import type { ReplicaConnection } from './ports.ts';
import type { LogCursor } from './replication-log.ts';

/** Columns: the state, and the word for it in INFO. */
const stateWords = {
  'wait-bgsave-start': 'wait_bgsave',
  'wait-bgsave-end': 'wait_bgsave',
  'send-bulk': 'send_bulk',
  online: 'online',
} as const;

type ReplicaState = keyof typeof stateWords;

/** What REPLCONF told us before PSYNC came. */
export interface ReplicaWishes {
  /** 0 = not announced. */
  listeningPort: number;
  /** '' = not announced. */
  announcedIp: string;
  capaEof: boolean;
  capaPsync2: boolean;
  /** It wants an RDB and no stream. */
  rdbOnly: boolean;
  /** It wants parts of the RDB only; undefined = all. */
  rdbSections: readonly string[] | undefined;
}

export interface Replica {
  readonly connection: ReplicaConnection;
  readonly wishes: ReplicaWishes;
  /** It spoke SYNC: no +FULLRESYNC line, no ACKs, no timeout. */
  readonly prePsync: boolean;
  state: ReplicaState;
  /** Milliseconds of the monotonic clock since when it waits for a snapshot. */
  waitingSinceMs: number;
  /** Its place in the log; undefined before its snapshot and for rdb-only replicas. */
  cursor: LogCursor | undefined;
  /** Online, and the stream may run. */
  streaming: boolean;
  ackOffset: number;
  /** What it says is safe in its append-only file; 0 before it says so. */
  aofOffset: number;
  /** It has sent an ACK: what it got in the full resync is loaded. */
  acked: boolean;
  /** Monotonic milliseconds of the last sign of life. */
  ackTimeMs: number;
  /** Length of the view that the socket is reading now; 0 = the socket is free. */
  inFlightBytes: number;
  /** Monotonic milliseconds since when it is over the soft limit. */
  overSoftLimitSinceMs: number | undefined;
  closed: boolean;
}

export function newWishes(): ReplicaWishes {
  return {
    listeningPort: 0,
    announcedIp: '',
    capaEof: false,
    capaPsync2: false,
    rdbOnly: false,
    rdbSections: undefined,
  };
}

/** An option of its REPLCONF; ACK and GETACK are no wishes. */
export function noteWish(wishes: ReplicaWishes, option: ReplconfOption): void {
  switch (option.kind) {
    case 'listening-port':
      wishes.listeningPort = option.port;
      return;
    case 'ip-address':
      wishes.announcedIp = option.ip;
      return;
    case 'capa':
      if (option.name === 'eof') wishes.capaEof = true;
      if (option.name === 'psync2') wishes.capaPsync2 = true;
      return;
    case 'rdb-only':
      wishes.rdbOnly = option.enabled;
      return;
    case 'rdb-filter-only':
      wishes.rdbSections = option.sections;
      return;
    case 'ack':
    case 'fack':
    case 'getack':
      return;
  }
}

export function newReplica(
  connection: ReplicaConnection,
  wishes: ReplicaWishes,
  options: { prePsync: boolean; nowMs: number },
): Replica {
  return {
    connection,
    wishes,
    prePsync: options.prePsync,
    state: 'wait-bgsave-start',
    waitingSinceMs: options.nowMs,
    cursor: undefined,
    streaming: false,
    ackOffset: 0,
    aofOffset: 0,
    acked: false,
    ackTimeMs: options.nowMs,
    inFlightBytes: 0,
    overSoftLimitSinceMs: undefined,
    closed: false,
  };
}

/** `ip:port` as it announced itself, for the log. */
export function replicaName(connection: ReplicaConnection, wishes: ReplicaWishes): string {
  const ip = wishes.announcedIp || connection.ip;
  return `${ip}:${wishes.listeningPort === 0 ? '<unknown-replica-port>' : wishes.listeningPort}`;
}

export function nameOf(replica: Replica): string {
  return replicaName(replica.connection, replica.wishes);
}

/** Whole seconds since its last ACK, as INFO and min-replicas-max-lag count them. */
export function lagSec(replica: Replica, nowMs: number): number {
  return Math.floor((nowMs - replica.ackTimeMs) / 1000);
}

/** The value of `slaveN:` in INFO. */
export function printReplicaLine(replica: Replica, nowMs: number): string {
  const { wishes, connection } = replica;
  const lag = replica.state === 'online' ? lagSec(replica, nowMs) : 0;
  return (
    `ip=${wishes.announcedIp || connection.ip},port=${wishes.listeningPort},` +
    `state=${stateWords[replica.state]},offset=${replica.ackOffset},lag=${lag}`
  );
}
