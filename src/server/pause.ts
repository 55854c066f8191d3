/**
 * Holding clients back: CLIENT PAUSE, and whoever else needs the data set to stand still (a
 * shutdown that waits for replicas, a failover). It owns the `paused` gate; dispatch holds requests
 * back while that is closed, and this class lets them go on. The composition root listens through
 * `onChange`: while paused nothing may expire either, and no PING may move the offset.
 *
 * Each purpose has its own mode and end. What holds is the strictest mode and the latest end.
 */
import type { Clock, Timer } from '../util/clock.ts';
import { type Client, clientFlags } from './client.ts';
import type { ClientRegistry } from './client-registry.ts';
import type { Gates } from './gates.ts';

export type PausePurpose = 'client-pause' | 'shutdown' | 'failover' | 'migrate';
/** `write` holds back what may change data, `all` everything a client can send. */
export type PauseMode = 'write' | 'all';

interface Pause {
  mode: PauseMode;
  /** Unix milliseconds. */
  untilMs: number;
}

export interface PauseDeps {
  readonly clock: Clock;
  readonly gates: Gates;
  readonly clients: ClientRegistry;
  /** Goes on with the input of a client that was held back. */
  readonly resumeInput: (client: Client) => void;
  /** Called whenever pausing begins or ends. */
  readonly onChange: (isPaused: boolean) => void;
}

/** Timers take 31 bits of milliseconds; a longer pause looks again after this. */
const longestTimerMs = 2 ** 31 - 1;

export class PauseState {
  readonly #deps: PauseDeps;
  readonly #pauses = new Map<PausePurpose, Pause>();
  #timer: Timer | null = null;

  constructor(deps: PauseDeps) {
    this.#deps = deps;
  }

  get isPaused(): boolean {
    return this.#deps.gates.paused !== 'none';
  }

  /** A second pause for the same purpose can only make it stricter and longer. [Redis 7.0] */
  pause(purpose: PausePurpose, mode: PauseMode, untilMs: number): void {
    const now = this.#pauses.get(purpose);
    this.#pauses.set(purpose, {
      mode: mode === 'all' || now?.mode === 'all' ? 'all' : 'write',
      untilMs: Math.max(untilMs, now?.untilMs ?? 0),
    });
    this.#update();
  }

  unpause(purpose: PausePurpose): void {
    if (this.#pauses.delete(purpose)) this.#update();
  }

  /** Drops the timer; for the end of the server. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #update(): void {
    const { clock, gates, onChange } = this.#deps;
    const nowMs = clock.now();
    for (const [purpose, pause] of this.#pauses) {
      if (pause.untilMs <= nowMs) this.#pauses.delete(purpose);
    }
    const before = gates.paused;
    const pauses = [...this.#pauses.values()];
    const strictest = pauses.some((pause) => pause.mode === 'all') ? 'all' : 'write';
    gates.paused = pauses.length === 0 ? 'none' : strictest;
    this.#schedule(pauses, nowMs);
    if ((before === 'none') !== (gates.paused === 'none')) onChange(gates.paused !== 'none');
    const looser = before !== gates.paused && gates.paused !== 'all';
    if (before !== 'none' && looser) this.#resumeClients();
  }

  /** The next moment at which something ends. */
  #schedule(pauses: readonly Pause[], nowMs: number): void {
    this.close();
    if (pauses.length === 0) return;
    const first = Math.min(...pauses.map((pause) => pause.untilMs));
    const delayMs = Math.min(first - nowMs, longestTimerMs);
    this.#timer = this.#deps.clock.schedule(delayMs, () => this.#update());
  }

  /** Those whose request is still not allowed are held back again when it is tried. */
  #resumeClients(): void {
    for (const client of this.#deps.clients.all()) {
      if (client.blocked?.kind !== 'pause') continue;
      client.set(clientFlags.blocked, false);
      client.blocked = null;
      this.#deps.resumeInput(client);
    }
  }
}
