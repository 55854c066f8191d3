/**
 * Virtual time: what happens next is the earliest event, and time jumps to it. Everything in the
 * simulator (timers, deferred functions, deliveries, faults, workload) is an event here.
 *
 * Events of the same moment run in the order of their lanes, within a lane in the order in which
 * they were scheduled. That order does not depend on which of two real I/O operations of one event
 * ends first, so a run with real files can be replayed too.
 */

/** Something that has events of its own: a process, one direction of a connection. */
export interface Lane {
  readonly id: number;
  /** The process whose memory the events touch: its freeze and its death are theirs. */
  owner: Lane | undefined;
  /** Events before this moment wait for it: the process is stopped (SIGSTOP, a long pause). */
  frozenUntilMs: number;
  /** The process was killed: its events do not happen. */
  dead: boolean;
  scheduled: number;
}

export interface SimEvent {
  atMs: number;
  readonly lane: Lane;
  readonly seq: number;
  readonly fn: () => void;
  cancelled: boolean;
}

export class EventQueue {
  /** Milliseconds since the beginning of the run. */
  nowMs = 0;
  /** Events that have run. */
  count = 0;
  readonly #heap: SimEvent[] = [];
  #lanes = 0;

  lane(owner?: Lane): Lane {
    return { id: this.#lanes++, owner, frozenUntilMs: 0, dead: false, scheduled: 0 };
  }

  after(lane: Lane, delayMs: number, fn: () => void): SimEvent {
    const event = {
      atMs: this.nowMs + delayMs,
      lane,
      seq: lane.scheduled++,
      fn,
      cancelled: false,
    };
    this.#push(event);
    return event;
  }

  /** Runs the next event; undefined when there is none, or none until `untilMs` (time is then there). */
  step(untilMs = Number.POSITIVE_INFINITY): SimEvent | undefined {
    for (;;) {
      const event = this.#heap[0];
      if (event === undefined || event.atMs > untilMs) {
        if (untilMs !== Number.POSITIVE_INFINITY) this.nowMs = Math.max(this.nowMs, untilMs);
        return undefined;
      }
      this.#pop();
      const process = event.lane.owner ?? event.lane;
      if (event.cancelled || event.lane.dead || process.dead) continue;
      if (process.frozenUntilMs > event.atMs) {
        event.atMs = process.frozenUntilMs;
        this.#push(event);
        continue;
      }
      this.nowMs = Math.max(this.nowMs, event.atMs);
      this.count++;
      event.fn();
      return event;
    }
  }

  #push(event: SimEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.lane.id !== b.lane.id) return a.lane.id < b.lane.id;
  return a.seq < b.seq;
}
