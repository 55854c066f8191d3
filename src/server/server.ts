/**
 * The composition root of the bundled server: builds the parts, joins them, listens, stops. All
 * that is not deterministic (time, randomness, network, the process) comes in through
 * `ServerEnvironment`, so that tests and the simulator can run servers in memory.
 *
 * The one natural cycle of a Redis server (the replica link applies commands, commands start the
 * link) is cut here, by handing functions to the parts.
 */
import { systemMessage } from '../redis-conf/conf-file.ts';
import { hexId } from '../util/random.ts';
import { BlockedClients } from './blocked-clients.ts';
import { BlockedRunner } from './blocked-runner.ts';
import { ClientMemory } from './client-memory.ts';
import { ClientRegistry } from './client-registry.ts';
import { CommandTable } from './command-table.ts';
import { CommandTimer } from './command-timer.ts';
import { allCommands } from './commands/index.ts';
import type { Config } from './config.ts';
import { AofCommands } from './wiring/aof-applier.ts';
import { applyConfigChanges } from './wiring/config-changes.ts';
import type { Executor, ServerContext } from './context.ts';
import { Cron } from './cron.ts';
import { Dispatcher } from './dispatch.ts';
import type { ServerEnvironment } from './environment.ts';
import { FullSyncLoader } from './wiring/full-sync-loader.ts';
import { Gates } from './gates.ts';
import { InfoSampler } from './info/sampler.ts';
import { Evictor } from './keyspace/evict.ts';
import { ExpireCycle } from './keyspace/expire.ts';
import { Keyspace } from './keyspace/keyspace.ts';
import { publishKeyspaceEvents } from './keyspace-events.ts';
import { LatencyMonitor } from './latency-monitor.ts';
import { MemoryLimit } from './memory-limit.ts';
import { usedMemory } from './memory-use.ts';
import { Migrations } from './migration.ts';
import { Networking } from './networking.ts';
import { Output } from './output.ts';
import { PauseState } from './pause.ts';
import { Aof } from './persistence/aof.ts';
import { Loading } from './persistence/loading.ts';
import { Persistence } from './persistence/persistence.ts';
import { SkippedItems } from './persistence/skipped-items.ts';
import { Propagation } from './propagation.ts';
import { PubSub } from './pubsub.ts';
import { fullSyncAux, rdbAux, savedHistory } from './wiring/rdb-aux.ts';
import { replicaConnectionOf } from './wiring/replica-connection.ts';
import { Replication } from './replication/replication.ts';
import { replicationSettings } from './wiring/replication-settings.ts';
import { followRole, refreshExpiryMode, refreshGates } from './wiring/role-effects.ts';
import { Shutdown, type ShutdownSignal } from './shutdown.ts';
import { Slowlog } from './slowlog.ts';
import { newFullSyncLoader } from './wiring/streamed-load.ts';
import {
  aofSettings,
  loadingSettings,
  persistenceSettings,
} from './wiring/persistence-settings.ts';
import { syncDataFile, syncFilesMustGo } from './wiring/sync-data-file.ts';
import { SnapshotSource } from './wiring/snapshot-source.ts';
import { ServerStats } from './stats.ts';
import { MasterStreamApplier } from './wiring/stream-applier.ts';

/** The Redis version whose behaviour this server has; INFO and HELLO name it. */
export const emulatedVersion = '7.0.15';

export class BundledServer {
  readonly context: ServerContext;
  readonly networking: Networking;
  readonly cron: Cron;
  readonly #environment: ServerEnvironment;
  readonly #gates = new Gates();
  readonly #clients = new ClientRegistry();
  readonly #stats = new ServerStats();
  readonly #slowlog = new Slowlog();
  readonly #latency: LatencyMonitor;
  readonly #timer: CommandTimer;
  readonly #table: CommandTable;
  readonly #keyspace: Keyspace;
  readonly #propagation: Propagation;
  readonly #loading: Loading;
  readonly #persistence: Persistence;
  readonly #aof: Aof;
  readonly #replication: Replication;
  readonly #blocked: BlockedClients;
  readonly #pause: PauseState;
  readonly #memoryLimit: MemoryLimit;
  readonly #pubsub = new PubSub((client, bytes) => this.#output.push(client, bytes));
  readonly #shutdown: Shutdown;
  readonly #blockedRunner: BlockedRunner;
  readonly #output: Output;
  readonly #clientMemory: ClientMemory;
  readonly #dispatcher: Dispatcher;

  /** Data first, replication last; functions handed to a part may use parts built after it. */
  constructor(environment: ServerEnvironment) {
    this.#environment = environment;
    const { clock, config } = environment;
    this.#latency = new LatencyMonitor(clock, config);
    this.#timer = new CommandTimer({
      clock,
      config,
      slowlog: this.#slowlog,
      latency: this.#latency,
    });
    this.#table = commandTable(config);
    this.#keyspace = this.#newKeyspace();
    this.#propagation = this.#newPropagation();
    this.#loading = this.#newLoading();
    this.#persistence = this.#newPersistence();
    this.#aof = this.#newAof();
    this.#replication = this.#newReplication();
    this.#blocked = this.#newBlocked();
    this.#pause = this.#newPause();
    this.#memoryLimit = this.#newMemoryLimit();
    this.#shutdown = this.#newShutdown();
    this.context = this.#newContext();
    this.#output = this.#newOutput();
    this.#clientMemory = this.#newClientMemory();
    this.#blockedRunner = new BlockedRunner(this.context, this.#timer);
    this.#dispatcher = this.#newDispatcher();
    this.networking = this.#newNetworking();
    this.cron = this.#newCron();
    publishKeyspaceEvents(this.#keyspace, config, this.#pubsub);
    applyConfigChanges(this.context, {
      setMaxBulkBytes: (bytes) => this.networking.setMaxBulkBytes(bytes),
      changeDirectory: environment.changeDirectory,
    });
  }

  // ---- the parts ----

  #newKeyspace(): Keyspace {
    const { config, random } = this.#environment;
    return new Keyspace({
      databases: config.values.databases,
      random,
      onExpired: (db, key, fields) => {
        if (fields === undefined) this.#propagation.add(db.id, [expiryVerb(config), key]);
        else for (const field of fields) this.#propagation.add(db.id, ['HDEL', key, field]);
      },
    });
  }

  #newPropagation(): Propagation {
    const replication = (): Replication => this.#replication;
    const aof = (): Aof => this.#aof;
    return new Propagation({
      get feeding() {
        return replication().feeding || aof().feeding;
      },
      feed: (dbId, bytes, start, end) => {
        replication().feed(dbId, bytes, start, end);
        aof().feed(dbId, bytes, start, end);
      },
    });
  }

  #newLoading(): Loading {
    const { clock, config, defer, log } = this.#environment;
    return new Loading({
      clock,
      log,
      defer,
      settings: loadingSettings(config),
      onChange: (kind) => {
        this.#gates.loading = kind;
      },
    });
  }

  #newPersistence(): Persistence {
    const { clock, config, defer, log, pid } = this.#environment;
    return new Persistence({
      keyspace: this.#keyspace,
      clock,
      log,
      loading: this.#loading,
      pid,
      settings: persistenceSettings(config),
      defer,
      requests: () => this.#stats.totalCommandsProcessed,
      aux: () => {
        this.#propagation.flushRun();
        return rdbAux(this.context, this.#replication.saveInfo());
      },
      auxWithoutHistory: () => rdbAux(this.context, undefined),
      onSaveStatus: () => refreshGates(this.context),
    });
  }

  #newAof(): Aof {
    const { clock, config, defer, log, onFatal, pid } = this.#environment;
    return new Aof({
      clock,
      pid,
      defer,
      log,
      settings: aofSettings(config),
      loading: this.#loading,
      persistence: this.#persistence,
      applier: new AofCommands(
        () => this.context,
        () => this.#dispatcher,
      ),
      newRdbLoader: () => newFullSyncLoader(this.#keyspace, undefined, new SkippedItems()),
      position: () => this.#replication.saveInfo(),
      replOffset: () => this.#replication.masterReplOffset,
      // In a turn of its own: a client that waits for it may be in the middle of a write.
      onSynced: () => defer(() => this.#blocked.onReplicaAck()),
      onStatus: (error) => {
        this.#gates.aofFailure = error === null ? null : systemMessage(error);
      },
      onFatal: (error) => {
        log.warning(
          "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting... " +
            `(${error.message})`,
        );
        onFatal();
      },
    });
  }

  #newReplication(): Replication {
    const { clock, config, connect, defer, log, pid, random } = this.#environment;
    return new Replication({
      clock,
      random,
      logger: log,
      settings: replicationSettings(config),
      connect,
      snapshots: new SnapshotSource({
        persistence: this.#persistence,
        log,
        pid,
        mustGo: () => syncFilesMustGo(this.#persistence, config),
        aux: (saveInfo) => fullSyncAux(this.context, saveInfo),
      }),
      loader: new FullSyncLoader({
        keyspace: this.#keyspace,
        loading: this.#loading,
        log,
        settings: config.values,
        dataFile: syncDataFile(this.#persistence, config),
      }),
      applier: new MasterStreamApplier(
        () => this.context,
        () => this.#dispatcher,
      ),
      host: {
        onRoleChange: () => followRole(this.context),
        onDataReplaced: () => this.#aof.restart(),
        fsyncedReplOffset: () => this.#aof.syncedReplOffset,
        onReplicaAck: () => this.#blocked.onReplicaAck(),
        pauseForFailover: (on) => {
          if (on) this.#pause.pause('failover', 'write', Number.POSITIVE_INFINITY);
          else this.#pause.unpause('failover');
        },
      },
      defer,
    });
  }

  #newBlocked(): BlockedClients {
    return new BlockedClients({
      clock: this.#environment.clock,
      keyspace: this.#keyspace,
      runStep: (blocked, step) => this.#blockedRunner.run(blocked, step),
      resumeInput: (client) => this.networking.resumeInput(client),
      closeAfterReply: (client) => this.networking.closeAfterReply(client),
    });
  }

  #newPause(): PauseState {
    return new PauseState({
      clock: this.#environment.clock,
      gates: this.#gates,
      clients: this.#clients,
      resumeInput: (client) => this.networking.resumeInput(client),
      onChange: (isPaused) => {
        refreshExpiryMode(this.context);
        // Not in the middle of the command that ends the pause.
        if (!isPaused) this.#environment.defer(() => this.#replication.goOn());
      },
    });
  }

  #newMemoryLimit(): MemoryLimit {
    const { clock, config, defer, random } = this.#environment;
    const evictor = new Evictor({
      keyspace: this.#keyspace,
      random,
      settings: config.values,
      onEvicted: (db, key) => {
        const verb = config.values.lazyfreeLazyEviction ? 'UNLINK' : 'DEL';
        this.#propagation.add(db.id, [verb, key]);
        this.#propagation.endUnit();
      },
    });
    return new MemoryLimit({
      clock,
      config,
      keyspace: this.#keyspace,
      clients: this.#clients,
      gates: this.#gates,
      latency: this.#latency,
      replication: this.#replication,
      stats: this.#stats,
      evictor,
      defer,
    });
  }

  #newShutdown(): Shutdown {
    return new Shutdown(this.#environment, {
      aof: this.#aof,
      pause: this.#pause,
      persistence: this.#persistence,
      propagation: this.#propagation,
      replication: this.#replication,
      stop: () => this.stop(),
    });
  }

  #newContext(): ServerContext {
    const { clock, config, log, random } = this.#environment;
    const stats = this.#stats;
    const usedMemoryNow = (): number => usedMemory(this.context).total;
    return {
      version: emulatedVersion,
      runId: hexId(random),
      startedAtMs: clock.now(),
      clock,
      random,
      log,
      config,
      stats,
      infoSampler: new InfoSampler({ clock, stats, usedMemory: usedMemoryNow }),
      slowlog: this.#slowlog,
      latency: this.#latency,
      keyspace: this.#keyspace,
      clients: this.#clients,
      gates: this.#gates,
      memoryLimit: this.#memoryLimit,
      propagation: this.#propagation,
      replication: this.#replication,
      persistence: this.#persistence,
      loading: this.#loading,
      aof: this.#aof,
      commands: this.#table,
      executor: this.#newExecutor(),
      blocked: this.#blocked,
      pause: this.#pause,
      pubsub: this.#pubsub,
      migrations: new Migrations({ clock, connect: this.#environment.connect }),
      cron: {
        setActiveExpire: (on) => {
          this.cron.activeExpire = on;
        },
        setPaused: (on) => {
          this.cron.paused = on;
        },
      },
      listenAnew: this.#environment.listenAnew,
      shutdown: (request) => this.#shutdown.request(request),
      panic: (reason) => {
        log.warning(`Guru Meditation: ${reason}`);
        this.#environment.onFatal();
      },
      abortShutdown: () => this.#shutdown.abort(),
      shutdownRemainingMs: () => this.#shutdown.remainingMs,
    };
  }

  #newExecutor(): Executor {
    const dispatcher = (): Dispatcher => this.#dispatcher;
    const executor: Executor = {
      runQueued: (client) => this.#dispatcher.runQueued(client),
      get inTransaction() {
        return dispatcher().inTransaction;
      },
      serveReadyKeys: () => this.#blockedRunner.serveReadyKeys(),
      resumeInput: (client) => this.networking.resumeInput(client),
      flushReplies: (client) => this.#output.flush(client),
      push: (client, bytes) => this.#output.push(client, bytes),
      close: (client, when) => {
        if (when === 'now') this.networking.close(client);
        else this.networking.closeAfterReply(client);
      },
      closeOverdue: () => this.#output.closeOverdue(),
      replicaConnection: (client) => replicaConnectionOf(client, executor),
    };
    return executor;
  }

  #newOutput(): Output {
    return new Output({
      server: this.context,
      defer: this.#environment.defer,
      drop: (client) => this.networking.drop(client),
      onSent: (client) => this.#clientMemory.update(client),
    });
  }

  #newClientMemory(): ClientMemory {
    return new ClientMemory({
      config: this.#environment.config,
      clients: this.#clients,
      log: this.#environment.log,
      stats: this.#stats,
      drop: (client) => this.networking.drop(client),
    });
  }

  #newDispatcher(): Dispatcher {
    return new Dispatcher({
      server: this.context,
      table: this.#table,
      reply: this.#output.reply,
      blockedRunner: this.#blockedRunner,
      timer: this.#timer,
      flushReplies: (client) => this.#output.flush(client),
    });
  }

  #newNetworking(): Networking {
    return new Networking({
      server: this.context,
      output: this.#output,
      memory: this.#clientMemory,
      dispatcher: () => this.#dispatcher,
      onClientGone: (client) => {
        this.#pubsub.unsubscribeAll(client);
        const { replicaConnection } = client;
        if (replicaConnection !== null) this.#replication.handleClosed(replicaConnection);
      },
      defer: this.#environment.defer,
    });
  }

  #newCron(): Cron {
    const { clock, defer } = this.#environment;
    const endUnit = (): void => this.#propagation.endUnit(true);
    const expireCycle = new ExpireCycle({ keyspace: this.#keyspace, clock, endUnit });
    return new Cron({
      server: this.context,
      expireCycle,
      onTick: () => this.#shutdown.cron(),
      defer,
    });
  }

  // ---- life ----

  /**
   * Loads the data set from disk, serving -LOADING meanwhile, and starts to follow the configured
   * master. Rejects when the data cannot be loaded.
   */
  async start(): Promise<void> {
    const { aof, config, keyspace, persistence, replication } = this.context;
    const master = config.values.replicaof;
    keyspace.setAccessClock(Math.floor(this.context.clock.now() / 1000));
    const expired: { dbId: number; key: Buffer }[] = [];
    const onExpired = (dbId: number, key: Buffer): void => void expired.push({ dbId, key });
    // The append-only file goes before the RDB, even where there is none yet. [Redis 7.0]
    const history = config.values.appendonly
      ? await aof.start()
      : savedHistory(await persistence.dataFile.load(master === null, onExpired));
    if (history !== undefined) replication.restore(history, { asReplica: master !== null });
    if (master !== null) replication.replicaof(master, { atStart: true });
    followRole(this.context);
    // Replicas may continue the restored history, and they have the keys that we did not load.
    for (const { dbId, key } of expired) this.#propagateExpiry(dbId, key);
  }

  /** Ends everything that is open, without saving. */
  stop(): void {
    this.cron.stop();
    this.context.pause.close();
    this.context.migrations.close();
    this.context.replication.close();
    this.context.persistence.abortAll('the server is shutting down');
    for (const client of this.context.clients.all()) this.networking.close(client);
  }

  /** A signal asks the server to go down. */
  shutdownBySignal(signal: ShutdownSignal): Promise<string | null> {
    return this.#shutdown.ask(signal);
  }

  #propagateExpiry(dbId: number, key: Buffer): void {
    const { config, propagation } = this.context;
    propagation.add(dbId, [expiryVerb(config), key]);
    propagation.endUnit();
  }
}

/** Throws ConfError for a `rename-command` line that cannot be followed. */
export function commandTable({ extras }: Config): CommandTable {
  const renames = extras.filter(({ name }) => name === 'rename-command');
  return new CommandTable(allCommands, renames);
}

function expiryVerb(config: Config): string {
  return config.values.lazyfreeLazyExpire ? 'UNLINK' : 'DEL';
}
