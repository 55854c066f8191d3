/**
 * Going down in order, for SHUTDOWN and for signals: give lagging replicas a moment to catch up
 * (`shutdown-timeout`), save if save points or the request say so, then stop. A failed save keeps
 * the server up unless force was asked for: the data is not thrown away by accident.
 *
 *     ask ──tick──▶ request ──▶ waiting for replicas ──▶ saving ──▶ stopped
 *      └───────────────┴───────── ABORT ──┘                └── failed: serves again
 *
 * While it saves, no client is heard; a second Ctrl-C is, and main.ts ends the process.
 */
import type { ShutdownOption } from '../redis-conf/special-kinds.ts';
import type { Timer } from '../util/clock.ts';
import type { ShutdownRequest } from './context.ts';
import type { ServerEnvironment } from './environment.ts';
import type { PauseState } from './pause.ts';
import type { Aof } from './persistence/aof.ts';
import type { Persistence } from './persistence/persistence.ts';
import type { Propagation } from './propagation.ts';
import type { Replication } from './replication/replication.ts';

const failed = 'ERR Errors trying to SHUTDOWN. Check logs.';

/** How often it is looked whether the replicas have caught up. */
const lookEveryMs = 10;

export interface ShutdownParts {
  readonly aof: Aof;
  readonly pause: PauseState;
  readonly persistence: Persistence;
  readonly propagation: Propagation;
  readonly replication: Replication;
  readonly stop: () => void;
}

/** One shutdown at a time; who asks meanwhile waits for the same end. */
interface Pending {
  readonly request: ShutdownRequest;
  readonly deadlineMs: number;
  /** Looks after the replicas; null once that is over. */
  timer: Timer | null;
  readonly answers: ((error: string | null) => void)[];
}

interface Asked {
  readonly signal: ShutdownSignal;
  readonly answer: (outcome: Promise<string | null> | string) => void;
}

export type ShutdownSignal = 'SIGINT' | 'SIGTERM';

export class Shutdown {
  readonly #environment: ServerEnvironment;
  readonly #parts: ShutdownParts;
  #pending: Pending | null = null;
  /** A signal has asked for the end; the next tick of the cron begins with it, as in Redis. */
  #asked: Asked | null = null;

  constructor(environment: ServerEnvironment, parts: ShutdownParts) {
    this.#environment = environment;
    this.#parts = parts;
  }

  /** Resolves to an error text when the server stays up, and to null when it has stopped. */
  request(request: ShutdownRequest): Promise<string | null> {
    return new Promise((resolve) => {
      if (this.#pending === null) this.#begin(request, resolve);
      else this.#pending.answers.push(resolve);
    });
  }

  #begin(request: ShutdownRequest, answer: (error: string | null) => void): void {
    const { clock, config, log } = this.#environment;
    const { pause, replication } = this.#parts;
    log.warning('Shutdown was asked for');
    const timeoutMs = config.values.shutdownTimeout * 1000;
    const deadlineMs = clock.now() + timeoutMs;
    const pending: Pending = { request, deadlineMs, timer: null, answers: [answer] };
    this.#pending = pending;
    if (request.now || timeoutMs === 0 || !this.#replicasLag()) {
      void this.#finish(pending);
      return;
    }
    // Nothing new may be written while the replicas catch up.
    pause.pause('shutdown', 'write', deadlineMs);
    replication.requestAcks();
    log.notice(`Waiting up to ${config.values.shutdownTimeout} seconds for replicas to catch up`);
    pending.timer = clock.every(lookEveryMs, () => this.#look(pending));
  }

  /** The same for a signal: not before the next tick, so that SHUTDOWN ABORT may come first. */
  ask(signal: ShutdownSignal): Promise<string | null> {
    return new Promise((resolve) => {
      this.#asked = { signal, answer: resolve };
    });
  }

  /** Ten times a second. */
  cron(): void {
    const asked = this.#asked;
    if (asked === null) return;
    this.#asked = null;
    const { shutdownOnSigint, shutdownOnSigterm } = this.#environment.config.values;
    const options = asked.signal === 'SIGINT' ? shutdownOnSigint : shutdownOnSigterm;
    asked.answer(this.request(requestOf(options)));
  }

  /** Calls off a shutdown that waits for replicas, or for the next tick; false without one. */
  abort(): boolean {
    const [asked, pending] = [this.#asked, this.#pending];
    const waits = pending !== null && pending.timer !== null;
    if (asked === null && !waits) return false;
    this.#environment.log.notice('Shutdown manually aborted.');
    this.#asked = null;
    asked?.answer(failed);
    if (waits) this.#cancel(pending);
    return true;
  }

  /** Milliseconds until a waiting shutdown goes through; 0 when none waits. */
  get remainingMs(): number {
    if (this.#pending === null) return 0;
    return Math.max(0, this.#pending.deadlineMs - this.#environment.clock.now());
  }

  #look(pending: Pending): void {
    const late = this.#environment.clock.now() >= pending.deadlineMs;
    if (!late && this.#replicasLag()) return;
    pending.timer?.cancel();
    pending.timer = null;
    if (late) this.#environment.log.warning('Some replicas did not catch up in time');
    void this.#finish(pending);
  }

  #replicasLag(): boolean {
    const { propagation, replication } = this.#parts;
    propagation.flushRun();
    return replication.laggingReplicas().length > 0;
  }

  /** Until there is something to save, it goes to its end without a pause. */
  async #finish(pending: Pending): Promise<void> {
    const { log, onStopped } = this.#environment;
    this.#logReplicas();
    const complaint = await this.#putOnDisk(pending.request);
    if (complaint !== null) {
      log.warning(`${complaint} The server stays up.`);
      log.warning('Errors trying to shut down the server. Check the logs for more information.');
      this.#cancel(pending);
      return;
    }
    this.#parts.stop();
    log.warning('The server is now ready to exit, bye bye...');
    onStopped();
    for (const answer of pending.answers) answer(null);
  }

  #logReplicas(): void {
    const { log } = this.#environment;
    const { replication } = this.#parts;
    const { replicaCount } = replication;
    if (replicaCount === 0) return;
    const lagging = replication.laggingReplicas();
    for (const replica of lagging) log.warning(`Lagging replica ${replica}.`);
    const inSync = replicaCount - lagging.length;
    log.notice(`${inSync} of ${replicaCount} replicas are in sync when shutting down.`);
  }

  /** What keeps the server from going, null when everything is where it should be. */
  async #putOnDisk({ force, save }: ShutdownRequest): Promise<string | null> {
    const { aof, persistence } = this.#parts;
    if (aof.state === 'waiting-rewrite' && aof.rewriter.inProgress && !force) {
      return "Writing initial AOF, can't exit.";
    }
    persistence.abortAll('the server is shutting down');
    const mustSave = save === 'save' || (save === 'auto' && persistence.hasSavePoints);
    if (mustSave && !(await this.#save()) && !force) {
      return "Error trying to save the DB, can't exit.";
    }
    const aofFailure = this.#closeAof(aof);
    if (aofFailure === null || force) return null;
    return `Error writing the append-only file, can't exit: ${aofFailure.message}.`;
  }

  /** In slices: clients are not heard meanwhile, signals are. */
  async #save(): Promise<boolean> {
    const { pause, persistence } = this.#parts;
    this.#environment.log.notice('Saving the final RDB snapshot before exiting.');
    pause.pause('shutdown', 'all', Number.POSITIVE_INFINITY);
    return (await persistence.saveBeforeEnd()) === null;
  }

  #closeAof(aof: Aof): Error | null {
    this.#parts.propagation.flushRun();
    try {
      aof.stop();
      return null;
    } catch (error) {
      return error as Error;
    }
  }

  /** The server stays up. */
  #cancel(pending: Pending): void {
    pending.timer?.cancel();
    this.#pending = null;
    this.#parts.pause.unpause('shutdown');
    for (const answer of pending.answers) answer(failed);
  }
}

function requestOf(options: readonly ShutdownOption[]): ShutdownRequest {
  const save = options.find((option) => option === 'save' || option === 'nosave') ?? 'auto';
  return { save, force: options.includes('force'), now: options.includes('now') };
}
