/**
 * Makes virtual time pass for a cluster: runs event after event, and after each gives the promises
 * of the code under test (and its work on files) the real time that they need. Their order depends
 * on nothing but the events, so the seed alone decides what happens.
 */
import type { Cluster } from './cluster.ts';
import type { SimNode } from './sim-node.ts';

export class Driver {
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
      trace.tick(`${event.atMs} ${event.lane.id}`);
      await this.#settlePromises();
      if (this.#rejected !== undefined) throw this.#rejected;
      const process = event.lane.owner ?? event.lane;
      const node = nodes.find((one) => one.running && one.lane === process);
      if (node !== undefined) this.#afterEvent(node);
    }
  }

  /** Ends all processes, and the listening for rejections. */
  close(): void {
    for (const node of this.#cluster.running) node.kill();
    process.off('unhandledRejection', this.#onRejected);
  }

  async #settlePromises(): Promise<void> {
    do {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    } while (this.#cluster.scenario.usesDisk && diskIsBusy());
  }
}

function diskIsBusy(): boolean {
  return process
    .getActiveResourcesInfo()
    .some((name) => name.startsWith('FSReq') || name === 'CloseReq');
}
