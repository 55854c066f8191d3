/**
 * Going down in order, for SHUTDOWN and for signals: give lagging replicas a moment to catch up
 * (`shutdown-timeout`), save if save points or the request say so, then stop. A failed save keeps
 * the server up unless force was asked for: the data is not thrown away by accident.
 */
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

interface Pending {
  readonly request: ShutdownRequest;
  readonly deadlineMs: number;
  readonly timer: Timer;
  readonly answer: (error: string | null) => void;
}

export class Shutdown {
  readonly #environment: ServerEnvironment;
  readonly #parts: ShutdownParts;
  #pending: Pending | null = null;
  /** A signal has asked for the end; the next tick of the cron begins with it, as in Redis. */
  #asked: ((outcome: Promise<string | null> | string) => void) | null = null;

  constructor(environment: ServerEnvironment, parts: ShutdownParts) {
    this.#environment = environment;
    this.#parts = parts;
  }

  /** Resolves to an error text when the server stays up, and to null when it has stopped. */
  request(request: ShutdownRequest): Promise<string | null> {
    const { clock, config, log } = this.#environment;
    const { pause, replication } = this.#parts;
    log.warning('Shutdown was asked for');
    const timeoutMs = config.values.shutdownTimeout * 1000;
    if (request.now || timeoutMs === 0 || !this.#replicasLag()) {
      return Promise.resolve(this.#finish(request));
    }
    if (this.#pending !== null) this.abort();
    // Nothing new may be written while the replicas catch up.
    const deadlineMs = clock.now() + timeoutMs;
    pause.pause('shutdown', 'write', deadlineMs);
    replication.requestAcks();
    log.notice(`Waiting up to ${config.values.shutdownTimeout} seconds for replicas to catch up`);
    return new Promise((resolve) => {
      const timer = clock.every(lookEveryMs, () => this.#look());
      this.#pending = { request, deadlineMs, timer, answer: resolve };
    });
  }

  /** The same for a signal: not before the next tick, so that SHUTDOWN ABORT may come first. */
  ask(): Promise<string | null> {
    return new Promise((resolve) => {
      this.#asked = resolve;
    });
  }

  /** Ten times a second. */
  cron(): void {
    const asked = this.#asked;
    if (asked === null) return;
    this.#asked = null;
    asked(this.request({ save: 'auto', force: false, now: false }));
  }

  /** Calls off a shutdown that waits for replicas, or for the next tick; false without one. */
  abort(): boolean {
    const [asked, pending] = [this.#asked, this.#pending];
    if (asked === null && pending === null) return false;
    this.#environment.log.notice('Shutdown manually aborted.');
    this.#asked = null;
    asked?.(failed);
    if (pending !== null) {
      this.#settle(pending);
      pending.answer(failed);
    }
    return true;
  }

  /** Seconds left until a waiting shutdown goes through, in milliseconds; 0 when none waits. */
  get remainingMs(): number {
    if (this.#pending === null) return 0;
    return Math.max(0, this.#pending.deadlineMs - this.#environment.clock.now());
  }

  #look(): void {
    const pending = this.#pending;
    if (pending === null) return;
    const late = this.#environment.clock.now() >= pending.deadlineMs;
    if (!late && this.#replicasLag()) return;
    this.#settle(pending);
    if (late) this.#environment.log.warning('Some replicas did not catch up in time');
    pending.answer(this.#finish(pending.request));
  }

  /** False, and the reason in the log, when its end is not on disk. */
  #closeAof(aof: Aof): boolean {
    this.#parts.propagation.flushRun();
    try {
      aof.stop();
      return true;
    } catch (error) {
      this.#environment.log.warning(
        `Error writing the append-only file, can't exit: ${(error as Error).message}`,
      );
      return false;
    }
  }

  #settle(pending: Pending): void {
    pending.timer.cancel();
    this.#pending = null;
    this.#parts.pause.unpause('shutdown');
  }

  #replicasLag(): boolean {
    const { propagation, replication } = this.#parts;
    propagation.flushRun();
    const { masterReplOffset, replicaCount } = replication;
    return replicaCount > 0 && replication.countReplicasAt(masterReplOffset) < replicaCount;
  }

  #finish(request: ShutdownRequest): string | null {
    const { log, onStopped } = this.#environment;
    const { aof, persistence, stop } = this.#parts;
    const mustSave =
      request.save === 'save' || (request.save === 'auto' && persistence.hasSavePoints);
    persistence.abortAll('the server is shutting down');
    if (mustSave && persistence.save() !== null && !request.force) {
      log.warning("Error trying to save the DB, can't exit: the server stays up");
      return failed;
    }
    if (!this.#closeAof(aof) && !request.force) {
      return failed;
    }
    stop();
    log.warning('The server is now ready to exit, bye bye...');
    onStopped();
    return null;
  }
}
