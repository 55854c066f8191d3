/**
 * The composition root of the bundled server: builds the parts, joins them, listens, stops. All
 * that is not deterministic (time, randomness, network, the process) comes in through
 * `ServerEnvironment`, so that tests and the simulator can run servers in memory.
 *
 * The one natural cycle of a Redis server (the replica link applies commands, commands start the
 * link) is cut here, by handing functions to the parts.
 */
import { ReplyWriter } from '../protocol/reply-writer.ts';
import { hexId } from '../util/random.ts';
import type { Client } from './client.ts';
import { ClientRegistry } from './client-registry.ts';
import { CommandTable } from './command-table.ts';
import { allCommands } from './commands/index.ts';
import { type Config, pathOf } from './config.ts';
import { applyConfigChanges } from './wiring/config-changes.ts';
import type { Executor, ServerContext, ShutdownRequest } from './context.ts';
import { Cron } from './cron.ts';
import { Dispatcher } from './dispatch.ts';
import type { ServerEnvironment } from './environment.ts';
import { FullSyncLoader } from './wiring/full-sync-loader.ts';
import { Gates } from './gates.ts';
import { usedMemory } from './info/memory.ts';
import { InfoSampler } from './info/sampler.ts';
import { ExpireCycle } from './keyspace/expire.ts';
import { Keyspace } from './keyspace/keyspace.ts';
import { Networking } from './networking.ts';
import { PauseState } from './pause.ts';
import { Persistence, type PersistenceSettings } from './persistence/persistence.ts';
import { Propagation } from './propagation.ts';
import { rdbAux, savedHistory } from './wiring/rdb-aux.ts';
import { replicaConnectionOf } from './wiring/replica-connection.ts';
import { Replication } from './replication/replication.ts';
import { replicationSettings } from './wiring/replication-settings.ts';
import { Shutdown } from './shutdown.ts';
import { SnapshotSource } from './wiring/snapshot-source.ts';
import { ServerStats } from './stats.ts';
import { MasterStreamApplier } from './wiring/stream-applier.ts';
import { WaitingClients } from './waiting-clients.ts';

/** The Redis version whose behaviour this server has; INFO and HELLO name it. */
export const emulatedVersion = '7.0.15';

export class BundledServer {
  readonly context: ServerContext;
  readonly networking: Networking;
  readonly cron: Cron;
  readonly #shutdown: Shutdown;

  constructor(environment: ServerEnvironment) {
    const { clock, config, defer, log, random } = environment;
    const gates = new Gates();
    const clients = new ClientRegistry();
    const stats = new ServerStats();
    const propagation: Propagation = new Propagation({
      get feeding() {
        return replication.feeding;
      },
      feed: (dbId, bytes, start, end) => replication.feed(dbId, bytes, start, end),
    });
    const keyspace: Keyspace = new Keyspace({
      databases: config.values.databases,
      random,
      onExpired: (db, key) => propagation.add(db.id, [expiryVerb(config), key]),
    });
    const persistence = new Persistence({
      keyspace,
      clock,
      log,
      pid: environment.pid,
      settings: persistenceSettings(config),
      defer,
      aux: () => {
        propagation.flushRun();
        return rdbAux(context, replication.saveInfo());
      },
      onSaveStatus: () => this.refreshGates(),
    });
    const applier = new MasterStreamApplier(
      () => context,
      () => dispatcher,
    );
    const replication: Replication = new Replication({
      clock,
      random,
      logger: log,
      settings: replicationSettings(config),
      connect: environment.connect,
      snapshots: new SnapshotSource({
        persistence,
        aux: (saveInfo) => rdbAux(context, saveInfo),
      }),
      loader: new FullSyncLoader({
        keyspace,
        log,
        verifyChecksum: () => config.values.rdbchecksum,
        onReplaced: () => undefined,
      }),
      applier,
      host: {
        onRoleChange: (role) => this.#onRoleChange(role),
        onLinkUp: () => undefined,
        onReplicaAck: () => waiting.onReplicaAck(),
      },
      defer,
    });
    const reply = new ReplyWriter({
      onFull: () => this.networking.onReplyFull(),
      onLarge: (bytes) => this.networking.onLargeReply(bytes),
    });
    const resumeInput = (client: Client): void => this.networking.resumeInput(client);
    const waiting = new WaitingClients({
      clock,
      countReplicasAt: (offset) => replication.countReplicasAt(offset),
      requestAcks: () => replication.requestAcks(),
      resumeInput,
    });
    const pause = new PauseState({
      clock,
      gates,
      clients,
      resumeInput,
      onChange: () => this.refreshExpiryMode(),
    });
    const executor: Executor = {
      runQueued: (client) => dispatcher.runQueued(client),
      resumeInput,
      flushReplies: (client) => this.networking.flushReplies(client),
      close: (client, when) => {
        if (when === 'now') this.networking.close(client);
        else this.networking.closeAfterReply(client);
      },
      replicaConnection: (client) => replicaConnectionOf(client, executor),
    };
    const table = new CommandTable(allCommands);
    this.#shutdown = new Shutdown(environment, {
      pause,
      persistence,
      propagation,
      replication,
      stop: () => this.stop(),
    });
    const context: ServerContext = {
      version: emulatedVersion,
      runId: hexId(random),
      startedAtMs: clock.now(),
      clock,
      random,
      log,
      config,
      stats,
      infoSampler: new InfoSampler({ clock, stats, usedMemory: () => usedMemory(context).total }),
      keyspace,
      clients,
      gates,
      propagation,
      replication,
      persistence,
      commands: table,
      executor,
      waiting,
      pause,
      cron: {
        setActiveExpire: (on) => {
          this.cron.activeExpire = on;
        },
        setPaused: (on) => {
          this.cron.paused = on;
        },
      },
      shutdown: (request) => this.#shutdown.request(request),
      abortShutdown: () => this.#shutdown.abort(),
    };
    this.context = context;
    const dispatcher = new Dispatcher({
      server: context,
      table,
      reply,
      flushReplies: (client) => this.networking.flushReplies(client),
    });
    this.networking = new Networking({
      server: context,
      reply,
      dispatcher: () => dispatcher,
      onClientGone: (client) => {
        if (client.replicaConnection !== null) replication.handleClosed(client.replicaConnection);
      },
      defer,
    });
    const expireCycle = new ExpireCycle({ keyspace, clock, endUnit: () => propagation.endUnit() });
    this.cron = new Cron({ server: context, expireCycle, defer });
    applyConfigChanges(context, {
      refreshGates: () => this.refreshGates(),
      setMaxBulkBytes: (bytes) => this.networking.setMaxBulkBytes(bytes),
      changeDirectory: environment.changeDirectory,
    });
  }

  /** Loads the data set from disk and starts to follow the configured master. */
  start(): void {
    const { config, keyspace, persistence, replication } = this.context;
    const master = config.values.replicaof;
    keyspace.setAccessClock(Math.floor(this.context.clock.now() / 1000));
    const expired: { dbId: number; key: Buffer }[] = [];
    const facts = persistence.loadAtStart(master === null, (dbId, key) =>
      expired.push({ dbId, key }),
    );
    const history = facts === null ? undefined : savedHistory(facts);
    if (history !== undefined) replication.restore(history, { asReplica: master !== null });
    if (master !== null) replication.replicaof(master, { atStart: true });
    this.#onRoleChange(replication.role);
    // Replicas may continue the restored history, and they have the keys that we did not load.
    for (const { dbId, key } of expired) this.#propagateExpiry(dbId, key);
  }

  /** Ends everything that is open, without saving. */
  stop(): void {
    this.cron.stop();
    this.context.pause.close();
    this.context.replication.close();
    this.context.persistence.abortAll();
    for (const client of this.context.clients.all()) this.networking.close(client);
  }

  /** A signal asks the server to go down. */
  shutdownBySignal(): Promise<string | null> {
    const request: ShutdownRequest = { save: 'auto', force: false, now: false };
    return this.#shutdown.request(request);
  }

  #onRoleChange(role: 'master' | 'replica'): void {
    const { config, log, propagation, waiting } = this.context;
    propagation.flushRun();
    log.role = role === 'master' ? 'M' : 'S';
    if (role === 'master') config.override('replicaof', ['no', 'one']);
    else waiting.onRoleChange();
    this.refreshExpiryMode();
    this.refreshGates();
  }

  #propagateExpiry(dbId: number, key: Buffer): void {
    const { config, propagation } = this.context;
    propagation.add(dbId, [expiryVerb(config), key]);
    propagation.endUnit();
  }

  /** Keys are deleted at their time by a master that is free to write; others only hide them. */
  refreshExpiryMode(): void {
    const { gates, keyspace, replication } = this.context;
    const deletes = replication.role === 'master' && gates.paused === 'none';
    keyspace.expiryMode = deletes ? 'delete' : 'hide';
  }

  /** Closes and opens the gates after a change of role, configuration or disk. */
  refreshGates(): void {
    const { config, gates, persistence, replication } = this.context;
    const isReplica = replication.role === 'replica';
    gates.readOnlyReplica = isReplica && config.values.replicaReadOnly;
    gates.staleDataMatters = isReplica && !config.values.replicaServeStaleData;
    gates.replicasMatter =
      !isReplica && config.values.minReplicasToWrite > 0 && config.values.minReplicasMaxLag > 0;
    gates.diskFailing =
      !isReplica &&
      !persistence.lastBgsaveOk &&
      persistence.hasSavePoints &&
      config.values.stopWritesOnBgsaveError;
  }
}

function expiryVerb(config: Config): string {
  return config.values.lazyfreeLazyExpire ? 'UNLINK' : 'DEL';
}

function persistenceSettings(config: Config): PersistenceSettings {
  const { values } = config;
  return {
    get dir() {
      return pathOf(values.dir);
    },
    get dbfilename() {
      return pathOf(values.dbfilename);
    },
    get rdbcompression() {
      return values.rdbcompression;
    },
    get rdbchecksum() {
      return values.rdbchecksum;
    },
    get save() {
      return values.save;
    },
  };
}
