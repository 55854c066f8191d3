/**
 * One connection, or one of the server's own clients (the master link, the AOF loader): its
 * database, its protocol, what it is in the middle of. Reading and writing is `networking.ts`;
 * what commands may do on its behalf is decided from its `flags` in `refusals.ts`.
 */
import type { RequestReader } from '../protocol/request-reader.ts';
import type { Database } from './keyspace/database.ts';
import type { ReplicaConnection } from './replication/ports.ts';
import { PendingInput } from './pending-input.ts';
import type { WatchedKey } from './watched-key.ts';

/**
 * What makes a client special, one bit each. A client without any takes the fast path of dispatch.
 */
export const clientFlags = {
  /** A password is set and has not been given. */
  needsAuth: 1 << 0,
  /** Between MULTI and EXEC. */
  multi: 1 << 1,
  /** A command was refused while queueing: EXEC will abort. */
  dirtyExec: 1 << 2,
  monitor: 1 << 3,
  /** It follows us: PSYNC or SYNC was accepted. */
  replica: 1 << 4,
  /** It is our master: its commands are obeyed and never answered. */
  master: 1 << 5,
  /** Its input waits until something happens (BLPOP, WAIT, CLIENT PAUSE). */
  blocked: 1 << 6,
  replyOff: 1 << 7,
  /** CLIENT REPLY SKIP: the next reply is left out, then the one it is in. */
  replySkipNext: 1 << 8,
  replySkip: 1 << 9,
  /** No more commands; closed once the replies are out. */
  closeAfterReply: 1 << 10,
  closed: 1 << 11,
  noEvict: 1 << 12,
  unixSocket: 1 << 13,
  /** It listens to channels or patterns; in RESP2 it may do little else. */
  pubsub: 1 << 14,
  /** Its lookups leave the access clock as it is. */
  noTouch: 1 << 15,
} as const;

/** With none of these set, replies flow and commands run without a second look. */
export const notPlain =
  clientFlags.needsAuth |
  clientFlags.multi |
  clientFlags.monitor |
  clientFlags.replica |
  clientFlags.master |
  clientFlags.blocked |
  clientFlags.replyOff |
  clientFlags.replySkipNext |
  clientFlags.replySkip |
  clientFlags.closeAfterReply |
  clientFlags.closed |
  clientFlags.pubsub |
  clientFlags.noTouch;

/** The way out of the process; `networking.ts` implements it over a socket. */
export interface ClientTransport {
  /** `ip:port` of the other end, or the path of the Unix socket with `:0`. */
  readonly address: string;
  readonly localAddress: string;
  /** Bytes handed over and not yet taken by the kernel. */
  readonly pendingBytes: number;
  /** Queues bytes that must not change until `written` is called (once, also on a closed end). */
  write(bytes: Uint8Array, written?: () => void): void;
  /** The same, but it need not be sent until `sendGathered`; `destroy` throws it away. */
  gather(bytes: Uint8Array): void;
  sendGathered(): void;
  setNoDelay(enabled: boolean): void;
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** A request that waits for EXEC; what it runs and how is the business of who put it there. */
export interface QueuedRequest {
  /** The bits of its command: an EXEC is as special as what it will run. */
  readonly commandBits: number;
  /** What it takes. */
  readonly bytes: number;
  /** Executes it; its reply is an element of EXEC's. */
  run(): void;
}

/** Shard channels are a world of their own; without a cluster there is one shard. */
export type SubscriptionKind = 'channel' | 'pattern' | 'shard';

/** What one client listens to, in the order in which it subscribed. */
export interface Subscriptions extends Readonly<Record<SubscriptionKind, Set<string>>> {
  /** Memory that it takes, about. */
  bytes: number;
}

/** Why a client is blocked: by a command of its own (see `blocked-clients.ts`) or by the server. */
export interface BlockedState {
  readonly kind: 'command' | 'pause' | 'shutdown' | 'config';
  /** Ends the waiting because the client goes away. */
  cancel(): void;
}

export class Client {
  readonly id: number;
  readonly transport: ClientTransport;
  /** Unix milliseconds. */
  readonly createdAtMs: number;
  lastInteractionMs: number;
  name = '';
  /** What its library calls itself (CLIENT SETINFO). */
  libName = '';
  libVer = '';
  user = 'default';
  flags = 0;
  resp3 = false;
  db: Database;
  lastCommand: { readonly fullName: string } | null = null;

  /** MULTI's queue, and the keys in WATCH. */
  queue: QueuedRequest[] = [];
  queueBytes = 0;
  readonly watching: WatchedKey[] = [];
  watchedBytes = 0;
  /** One of them was changed: EXEC will refuse. */
  dirtyCas = false;

  /** Null while it listens to nothing. */
  subscriptions: Subscriptions | null = null;

  blocked: BlockedState | null = null;
  /** What replication knows it by, once it has spoken REPLCONF, SYNC or PSYNC. */
  replicaConnection: ReplicaConnection | null = null;

  /** Something is gathered for it that will be sent at the end of the turn. */
  outputIsDue = false;
  /** Input that has not been executed yet: an unfinished request, or what came while blocked. */
  readonly pending = new PendingInput();
  /** What it reads from at the moment: bytes that are executed where they were received. */
  inputAtHand = 0;
  /** What `client-memory.ts` has counted for it. */
  countedBytes = 0;
  /** Its own reader while a long request arrives in pieces. */
  midwayReader: RequestReader | null = null;

  /** The offset of the replication log after its last write, for WAIT. */
  writeOffset = 0;
  /** The same in the append-only file, for WAITAOF. */
  writePosition = 0;
  /** It has written since these two were taken: the run of its bytes is still open. */
  wrote = false;

  constructor(options: { id: number; transport: ClientTransport; db: Database; nowMs: number }) {
    this.id = options.id;
    this.transport = options.transport;
    this.db = options.db;
    this.createdAtMs = options.nowMs;
    this.lastInteractionMs = options.nowMs;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  set(flag: number, on: boolean): void {
    this.flags = on ? this.flags | flag : this.flags & ~flag;
  }

  /** Whether replies to it are dropped. */
  get isMuted(): boolean {
    return this.has(clientFlags.master | clientFlags.replyOff | clientFlags.replySkip);
  }

  /** A command has been answered: CLIENT REPLY SKIP silences itself and the one after it. */
  advanceReplySkip(): void {
    this.set(clientFlags.replySkip, this.has(clientFlags.replySkipNext));
    this.set(clientFlags.replySkipNext, false);
  }
}
