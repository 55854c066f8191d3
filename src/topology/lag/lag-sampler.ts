/**
 * Takes the readings from which lag.ts tells the lag: it asks every node for its own offset, some
 * fifty times a second, all nodes at once and each at its own pace, so that a slow or dead one
 * holds up no other. Used by `repl lag`; it writes nothing.
 */
import type { Instance } from '../../instance/connection.ts';
import type { Failure, Outcome } from '../../instance/failure.ts';
import { readReplication } from '../../instance/report.ts';
import type { ReplicationInfo } from '../../protocol/info.ts';
import { type Clock, pause } from '../../util/clock.ts';
import { OffsetTrack } from './lag-track.ts';
import { lagOf, type LagReading, type NodeLag } from './lag.ts';
import type { NodeId, Topology, TopologyNode } from '../model.ts';

export interface LagSamplerOptions {
  readonly clock: Clock;
  readonly connect: (node: TopologyNode) => Promise<Outcome<Instance>>;
  /** For one answer. */
  readonly timeoutMs: number;
}

/** Between two questions to one node: an estimate is about half of it off. One question costs 30 µs. */
const periodMs = 20;

/** Before a node that could not be asked is tried again. */
const retryMs = 500;

/** Less says nothing about a node that takes writes now and then. */
const leastSamplingMs = 300;

/** Between two looks whether all lags are known. */
const settlePeriodMs = 25;

export class LagSampler {
  readonly #options: LagSamplerOptions;
  readonly #samplers = new Map<NodeId, NodeSampler>();

  constructor(options: LagSamplerOptions) {
    this.#options = options;
  }

  /** Samples these nodes from now on and no others; what is known of those that stay is kept. */
  follow(nodes: readonly TopologyNode[]): void {
    for (const [id, sampler] of this.#samplers) {
      if (nodes.some((node) => node.id === id)) continue;
      sampler.close();
      this.#samplers.delete(id);
    }
    for (const node of nodes) {
      if (this.#samplers.has(node.id)) continue;
      const sampler = new NodeSampler(node, this.#options);
      this.#samplers.set(node.id, sampler);
      void sampler.run();
    }
  }

  lags(topology: Topology): NodeLag[] {
    const readings = new Map([...this.#samplers].map(([id, { reading }]) => [id, reading]));
    return lagOf(topology, readings, this.#options.clock.monotonic());
  }

  /** Waits until every lag that can be known is known, but no longer than so. */
  async settle(topology: Topology, limitMs: number): Promise<void> {
    const { clock } = this.#options;
    const startedMs = clock.monotonic();
    for (;;) {
      await pause(clock, settlePeriodMs);
      const elapsedMs = clock.monotonic() - startedMs;
      if (elapsedMs >= limitMs) return;
      if (elapsedMs >= leastSamplingMs && this.#isSettled(topology)) return;
    }
  }

  close(): void {
    for (const sampler of this.#samplers.values()) sampler.close();
    this.#samplers.clear();
  }

  #isSettled(topology: Topology): boolean {
    const answered = [...this.#samplers.values()].every(({ reading }) => {
      return reading.latest !== undefined || reading.failure !== undefined;
    });
    const isOpen = ({ hop, top }: NodeLag): boolean =>
      hop?.kind === 'at-least' || top?.kind === 'at-least';
    return answered && !this.lags(topology).some(isOpen);
  }
}

/** The connection to one node, and what it said. */
class NodeSampler {
  readonly #node: TopologyNode;
  readonly #options: LagSamplerOptions;
  readonly #track = new OffsetTrack();
  #latest: LagReading['latest'];
  #failure: Failure | undefined;
  #instance: Instance | undefined;
  #closed = false;
  #wake = (): void => {};

  constructor(node: TopologyNode, options: LagSamplerOptions) {
    this.#node = node;
    this.#options = options;
  }

  get reading(): LagReading {
    return { track: this.#track, latest: this.#latest, failure: this.#failure };
  }

  /** Asks until it is closed, and dials again when the connection breaks. Never rejects. */
  async run(): Promise<void> {
    while (!this.#closed) {
      const connected = await this.#options.connect(this.#node);
      if (connected.kind === 'ok') {
        this.#instance = connected.value;
        if (!this.#closed) this.#failure = await this.#sampleUntilFailure(connected.value);
        connected.value.close();
      } else {
        this.#failure = connected.failure;
      }
      await this.#pause(retryMs);
    }
  }

  close(): void {
    this.#closed = true;
    this.#instance?.close();
    this.#wake();
  }

  async #sampleUntilFailure(instance: Instance): Promise<Failure> {
    const { clock, timeoutMs } = this.#options;
    for (;;) {
      const sentMs = clock.monotonic();
      const answer = await readReplication(instance, { timeoutMs });
      const roundTripMs = clock.monotonic() - sentMs;
      if (answer.kind === 'failed') return answer.failure;
      this.#failure = undefined;
      this.#take(answer.value, { sentMs, roundTripMs });
      await this.#pause(periodMs - roundTripMs);
    }
  }

  #take(replication: ReplicationInfo, at: { sentMs: number; roundTripMs: number }): void {
    const errorMs = at.roundTripMs / 2;
    const offset = replication.masterReplOffset;
    const sample = { atMs: at.sentMs + errorMs, errorMs, offset };
    if (!this.#continues(replication)) this.#track.clear();
    this.#track.add(sample);
    this.#latest = { sample, replication };
  }

  /** A promoted node goes on in the history it had; one that copied another begins anew. */
  #continues({ masterReplid, masterReplid2 }: ReplicationInfo): boolean {
    const before = this.#latest?.replication.masterReplid;
    return before === undefined || before === masterReplid || before === masterReplid2;
  }

  async #pause(ms: number): Promise<void> {
    if (this.#closed || ms <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.schedule(ms, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
