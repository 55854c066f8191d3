/**
 * Makes virtual time pass for a cluster: runs event after event, and after each gives the promises
 * of the code under test a turn of the real event loop. Nothing real is waited for (files are in
 * memory, on virtual time), so the seed alone decides what happens.
 */
import type { Cluster } from './cluster.ts';
import type { SimNode } from './sim-node.ts';

/** Many times what a run needs: something goes round in circles without taking time. */
const maxEvents = 400_000;

export class Driver {
  /** Events of processes, as distinct from those of the simulator and the network. */
  nodeEvents = 0;
  readonly #cluster: Cluster;
  readonly #afterEvent: (node: SimNode) => void;
  /** A promise of the code under test was rejected and nobody looked. */
  #rejected: unknown;
  readonly #onRejected = (reason: unknown): void => {
    this.#rejected ??= reason;
  };

  /** `afterEvent` is called for the node whose event has just run. */
  constructor(cluster: Cluster, afterEvent: (node: SimNode) => void = () => undefined) {
    this.#cluster = cluster;
    this.#afterEvent = afterEvent;
    process.on('unhandledRejection', this.#onRejected);
  }

  /** Throws whatever an event throws, and what a forgotten promise was rejected with. */
  async runFor(durationMs: number): Promise<void> {
    const { queue, trace, nodes } = this.#cluster;
    const untilMs = queue.nowMs + durationMs;
    for (;;) {
      const event = queue.step(untilMs);
      if (event === undefined) return;
      if (queue.count > maxEvents) throw new Error(`${maxEvents} events, and no end`);
      trace.tick(`${event.atMs} ${event.lane.id}`);
      await settlePromises();
      if (this.#rejected !== undefined) throw this.#rejected;
      const process = event.lane.owner ?? event.lane;
      const node = nodes.find((one) => one.running && one.lane === process);
      if (node === undefined) continue;
      this.nodeEvents++;
      this.#afterEvent(node);
    }
  }

  /** Ends all processes, and the listening for rejections. */
  close(): void {
    for (const node of this.#cluster.running) node.kill();
    process.off('unhandledRejection', this.#onRejected);
  }
}

function settlePromises(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
