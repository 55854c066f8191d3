/**
 * `maxmemory` at work: before each command dispatch has it make room, and learns whether there is
 * none to be had. Evicting takes bounded time; what is left to evict then goes on between commands.
 * Which keys go is keyspace/evict.ts's business.
 */
import type { Clock } from '../util/clock.ts';
import type { Config } from './config.ts';
import type { Gates } from './gates.ts';
import type { Evictor } from './keyspace/evict.ts';
import type { LatencyMonitor } from './latency-monitor.ts';
import { clientsMemory, countedBytes, type MemoryHolders } from './memory-use.ts';
import type { Replication } from './replication/replication.ts';
import type { ServerStats } from './stats.ts';

/** Evictions between two looks at the clock. [evict.c, 7.0] */
const keysPerClockRead = 16;
/** Going through all clients' buffers is too much for every command: at most so often. */
const clientsLookMs = 10;

export type Room =
  | 'enough'
  /** Not yet: keys are still being evicted, and commands may run meanwhile. */
  | 'soon'
  /** Nothing is left that may be evicted. */
  | 'none';

export interface MemoryLimitDeps extends MemoryHolders {
  readonly clock: Clock;
  readonly config: Config;
  readonly gates: Gates;
  readonly latency: LatencyMonitor;
  readonly replication: Replication;
  readonly stats: ServerStats;
  readonly evictor: Evictor;
  readonly defer: (fn: () => void) => void;
}

export class MemoryLimit {
  readonly #deps: MemoryLimitDeps;
  #evictingOn = false;
  #clientsBytes = 0;
  #clientsLookedAtMs = -Infinity;
  /** Since when too much memory has been in use, −1 while that is not so. */
  #exceededSinceMs = -1;
  #exceededMs = 0;

  constructor(deps: MemoryLimitDeps) {
    this.#deps = deps;
  }

  /** Evicts what the limit asks for, for a bounded time. */
  makeRoom(): Room {
    const room = this.#mayEvict() ? this.#evict() : 'enough';
    this.#noteRoom(room);
    if (room === 'soon') this.evictOn();
    return room;
  }

  /** Evicts in the coming turns of the event loop until there is room or nothing to evict. */
  evictOn(): void {
    if (this.#evictingOn) return;
    this.#evictingOn = true;
    this.#deps.defer(() => {
      this.#evictingOn = false;
      this.makeRoom();
    });
  }

  /** Milliseconds for which the limit has been exceeded: now without a break, and in all. */
  get exceededMs(): { readonly current: number; readonly total: number } {
    const since = this.#exceededSinceMs;
    const current = since < 0 ? 0 : this.#deps.clock.monotonic() - since;
    return { current: Math.floor(current), total: Math.floor(this.#exceededMs + current) };
  }

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.#exceededSinceMs = -1;
    this.#exceededMs = 0;
  }

  /** A replica leaves it to its master; nothing changes while data is loaded or held still. */
  #mayEvict(): boolean {
    const { config, gates, replication } = this.#deps;
    const holdsStill = gates.loading === 'exclusive' || gates.paused !== 'none';
    if (config.maxmemory === 0 || holdsStill) return false;
    return replication.role === 'master' || !config.values.replicaIgnoreMaxmemory;
  }

  #evict(): Room {
    const { clock, config, latency } = this.#deps;
    const excess = this.#usedBytes() - config.maxmemory;
    if (excess <= 0) return 'enough';
    const startedAt = clock.monotonic();
    const room = this.#evictBytes(
      excess,
      startedAt + timeLimitMs(config.values.maxmemoryEvictionTenacity),
    );
    latency.note('eviction-cycle', clock.monotonic() - startedAt);
    return room;
  }

  #evictBytes(wanted: number, deadline: number): Room {
    const { clock, evictor, keyspace, stats } = this.#deps;
    let excess = wanted;
    let dataBytes = keyspace.memoryBytes;
    for (let evicted = 1; excess > 0; evicted++) {
      if (!evictor.evictOne()) return 'none';
      stats.evictedKeys++;
      // Only what the keys gave back: telling replicas of it takes memory of its own.
      const { memoryBytes } = keyspace;
      excess -= dataBytes - memoryBytes;
      dataBytes = memoryBytes;
      if (evicted % keysPerClockRead === 0 && excess > 0 && clock.monotonic() >= deadline) {
        return 'soon';
      }
    }
    return 'enough';
  }

  #usedBytes(): number {
    const nowMs = this.#deps.clock.monotonic();
    if (nowMs - this.#clientsLookedAtMs >= clientsLookMs) {
      this.#clientsLookedAtMs = nowMs;
      this.#clientsBytes = clientsMemory(this.#deps).total;
    }
    return countedBytes(this.#deps) + this.#clientsBytes;
  }

  #noteRoom(room: Room): void {
    if (room === 'enough' && this.#exceededSinceMs < 0) return;
    const nowMs = this.#deps.clock.monotonic();
    if (room !== 'enough') {
      if (this.#exceededSinceMs < 0) this.#exceededSinceMs = nowMs;
    } else {
      this.#exceededMs += nowMs - this.#exceededSinceMs;
      this.#exceededSinceMs = -1;
    }
  }
}

/** maxmemory-eviction-tenacity: up to half a millisecond, then by 15 % a step, at last for ever. */
function timeLimitMs(tenacity: number): number {
  if (tenacity <= 10) return 0.05 * tenacity;
  return tenacity < 100 ? 0.5 * 1.15 ** (tenacity - 10) : Infinity;
}
