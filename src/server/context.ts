/**
 * The server's parts as command handlers see them. `server.ts` builds them and fills this in; what
 * lies to the right of the handlers (the table, dispatch, the network) is seen as an interface.
 * The parts do not know it: each is given what it needs, so that a handler may reach all of them.
 */
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { BlockedClients } from './blocked-clients.ts';
import type { Client } from './client.ts';
import type { ClientRegistry } from './client-registry.ts';
import type { Command } from './command.ts';
import type { Config } from './config.ts';
import type { Gates } from './gates.ts';
import type { InfoSampler } from './info/sampler.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import type { LatencyMonitor } from './latency-monitor.ts';
import type { Logger } from './log.ts';
import type { Aof } from './persistence/aof.ts';
import type { Loading } from './persistence/loading.ts';
import type { Migrations } from './migration.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { Persistence } from './persistence/persistence.ts';
import type { Propagation } from './propagation.ts';
import type { PauseState } from './pause.ts';
import type { PubSub } from './pubsub.ts';
import type { ReplicaConnection } from './replication/ports.ts';
import type { Replication } from './replication/replication.ts';
import type { Slowlog } from './slowlog.ts';
import type { ServerStats } from './stats.ts';

/** The command table, as COMMAND, INFO and CONFIG RESETSTAT need it. */
export interface CommandLookup {
  /** All commands by name; subcommands hang below their containers. */
  readonly all: ReadonlyMap<string, Command>;
  /** `get`, `client|list`, any case; null when there is none. */
  byName(name: string): Command | null;
}

/** Runs requests on behalf of something other than a socket's input. */
export interface Executor {
  /** Runs the transaction that `client` has queued; replies its results. */
  runQueued(client: Client): void;
  /** Commands of a transaction are running: what takes long begins after the last of them. */
  readonly inTransaction: boolean;
  /** Serves clients whose keys got ready outside of any request. */
  serveReadyKeys(): void;
  /** Goes on, in a later turn, with the input of a client that was blocked. */
  resumeInput(client: Client): void;
  /** Sends the replies gathered so far for the client at hand. */
  flushReplies(client: Client): void;
  /** Sends what is no reply, in order with the replies; CLIENT REPLY does not silence it. */
  push(client: Client, bytes: Uint8Array): void;
  /** Closes a client's connection: at once, or after the replies so far. */
  close(client: Client, when: 'now' | 'after-reply'): void;
  /** Closes those who have had more unread than their soft limit for too long. */
  closeOverdue(): void;
  /** What replication knows the client by; the same object every time. */
  replicaConnection(client: Client): ReplicaConnection;
}

export interface ShutdownRequest {
  /** `save` forces a save, `nosave` forbids it; without either the save points decide. */
  readonly save: 'save' | 'nosave' | 'auto';
  /** Go down even if saving fails. */
  readonly force: boolean;
  /** Do not wait for lagging replicas. */
  readonly now: boolean;
}

/** What DEBUG may switch off. */
export interface CronSwitches {
  setActiveExpire(on: boolean): void;
  setPaused(on: boolean): void;
}

export interface ServerContext {
  readonly version: string;
  readonly runId: string;
  readonly startedAtMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly config: Config;
  readonly stats: ServerStats;
  readonly infoSampler: InfoSampler;
  readonly slowlog: Slowlog;
  readonly latency: LatencyMonitor;
  readonly keyspace: Keyspace;
  readonly clients: ClientRegistry;
  readonly gates: Gates;
  readonly memoryLimit: MemoryLimit;
  readonly propagation: Propagation;
  readonly replication: Replication;
  readonly persistence: Persistence;
  readonly loading: Loading;
  readonly aof: Aof;
  readonly commands: CommandLookup;
  readonly executor: Executor;
  readonly blocked: BlockedClients;
  readonly pause: PauseState;
  readonly pubsub: PubSub;
  readonly migrations: Migrations;
  readonly cron: CronSwitches;
  /** Resolves to an error text when the server could not go down and serves on. */
  shutdown(request: ShutdownRequest): Promise<string | null>;
  /** See `ServerEnvironment`. */
  readonly listenAnew: (() => Promise<string | null>) | undefined;
  /** Ends the process: the data can no longer be trusted to be the master's. Says so in the log. */
  panic(reason: string): void;
  /** Ends an ongoing SHUTDOWN that waits for replicas; false when there is none. */
  abortShutdown(): boolean;
  /** Milliseconds for which a SHUTDOWN still waits for replicas; 0 when none does. */
  shutdownRemainingMs(): number;
}
