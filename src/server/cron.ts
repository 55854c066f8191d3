/**
 * What the server does by itself, ten times a second and once a second, in Redis's serverCron
 * manner. Each job is short; expiry and snapshots go on in slices of their own.
 */
import type { Timer } from '../util/clock.ts';
import { type Client, clientFlags } from './client.ts';
import type { ServerContext } from './context.ts';
import type { ExpireCycle } from './keyspace/expire.ts';

const tickMs = 100;
const ticksPerSecond = 10;
/** Expired keys are deleted for at most so long before clients are served again. */
const expireSliceMs = 1;
/** Clients that must not be dropped for being idle. */
const neverIdle =
  clientFlags.replica |
  clientFlags.master |
  clientFlags.monitor |
  clientFlags.blocked |
  clientFlags.pubsub;

export class Cron {
  readonly #server: ServerContext;
  readonly #expireCycle: ExpireCycle;
  readonly #onTick: () => void;
  readonly #defer: (fn: () => void) => void;
  readonly #timer: Timer;
  /** DEBUG SET-ACTIVE-EXPIRE 0 switches it off. */
  activeExpire = true;
  /** DEBUG PAUSE-CRON 1 stops everything here. */
  paused = false;
  #ticks = 0;
  #expiring = false;

  constructor(options: {
    server: ServerContext;
    expireCycle: ExpireCycle;
    /** The last thing that a tick does. */
    onTick: () => void;
    defer: (fn: () => void) => void;
  }) {
    this.#onTick = options.onTick;
    this.#server = options.server;
    this.#expireCycle = options.expireCycle;
    this.#defer = options.defer;
    this.#timer = options.server.clock.every(tickMs, () => this.#tick());
  }

  stop(): void {
    this.#timer.cancel();
    this.activeExpire = false;
  }

  #tick(): void {
    if (this.paused) return;
    const { aof, clock, executor, infoSampler, keyspace, persistence } = this.#server;
    infoSampler.sample();
    keyspace.setAccessClock(Math.floor(clock.now() / 1000));
    executor.closeOverdue();
    if (!this.#expiring) this.#expire();
    persistence.cron();
    aof.cron();
    if (++this.#ticks % ticksPerSecond === 0) this.#everySecond();
    this.#onTick();
  }

  /** Goes on in the next turn of the event loop while more keys are due. */
  #expire(): void {
    const { clock, latency, loading } = this.#server;
    const startedAt = clock.monotonic();
    // What is deleted while files are being loaded would be told to nobody.
    const mayExpire = this.activeExpire && loading.kind !== 'exclusive';
    this.#expiring = mayExpire && this.#expireCycle.run(expireSliceMs);
    latency.note('expire-cycle', clock.monotonic() - startedAt);
    // Keys that have gone by expiry, or come by a full sync, are changes outside of any command.
    this.#server.executor.serveReadyKeys();
    if (this.#expiring) this.#defer(() => this.#expire());
  }

  #everySecond(): void {
    this.#server.replication.cron();
    this.#server.migrations.cron();
    this.#closeIdleClients();
  }

  #closeIdleClients(): void {
    const { clients, clock, config, executor, log } = this.#server;
    const timeoutMs = config.values.timeout * 1000;
    if (timeoutMs === 0) return;
    const idleBefore = clock.now() - timeoutMs;
    const isIdle = (client: Client): boolean =>
      !client.has(neverIdle) && client.lastInteractionMs < idleBefore;
    for (const client of clients.all().filter(isIdle)) {
      log.verbose(`Closing idle client ${client.transport.address}`);
      executor.close(client, 'now');
    }
  }
}
