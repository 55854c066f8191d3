/**
 * One run of the simulator: a cluster drawn from a seed lives through phases of faults and writes,
 * is healed after each, and must come to rest with equal data.
 */
import type { RespArg, RespValue } from '../support/resp-value.ts';
import { Checks, unrest } from './checks.ts';
import { adminSlot, Cluster, userSlots } from './cluster.ts';
import { Draw } from './draw.ts';
import { Driver } from './driver.ts';
import { settleFailovers } from './failovers.ts';
import { heal, strike } from './faults.ts';
import { drawScenario, type PhasePlan, type Scenario } from './scenario.ts';
import type { SimNode } from './sim-node.ts';
import { Workload } from './workload.ts';

/** Virtual time in which a healed cluster must come to rest. */
const maxUnrestMs = 90_000;
const lookEveryMs = 50;
/** Requests that come while the cluster is still being made. */
const maxBootBursts = 4;
/** Longer than anything is under way in the network. */
const settleMs = 200;

export interface RunResult {
  readonly scenario: Scenario;
  /** Undefined when everything held. */
  readonly failure: Error | undefined;
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly schedule: readonly string[];
  readonly tail: readonly string[];
  readonly syncs: { full: number; partial: number };
}

export async function simulate(
  seed: number,
  options: { keepAll?: boolean } = {},
): Promise<RunResult> {
  const draw = new Draw(seed);
  const scenario = scenarioOf(seed);
  const cluster = new Cluster(scenario, draw, { keepAll: options.keepAll ?? false });
  const run = new Run(cluster);
  const failure = await run.all();
  const { queue, trace } = cluster;
  return {
    scenario,
    failure,
    hash: trace.hash(),
    events: queue.count,
    virtualMs: Math.round(queue.nowMs),
    schedule: trace.schedule,
    tail: trace.tail(),
    syncs: run.syncs,
  };
}

export function scenarioOf(seed: number): Scenario {
  return drawScenario(seed, new Draw(seed).fork('scenario'));
}

class Run {
  readonly syncs = { full: 0, partial: 0 };
  readonly #cluster: Cluster;
  readonly #checks: Checks;
  readonly #driver: Driver;
  readonly #draw: Draw;
  readonly #workload: Workload;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#checks = new Checks(cluster);
    this.#driver = new Driver(cluster, (node) => this.#checks.afterEvent(node));
    this.#draw = cluster.draw;
    this.#workload = new Workload(cluster.draw.fork('collections').random);
  }

  async all(): Promise<Error | undefined> {
    try {
      await this.#bootAll();
      for (const [index, phase] of this.#cluster.scenario.phases.entries()) {
        await this.#phase(phase, index);
      }
      this.#checks.atLastRest();
      await this.#stopAll();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      this.#driver.close();
    }
  }

  async #bootAll(): Promise<void> {
    const { nodes, scenario, queue, lane } = this.#cluster;
    const draw = this.#draw.fork('boot');
    const [first, ...others] = nodes;
    this.#cluster.boot(first, undefined);
    if (scenario.populate > 0) {
      first.client(adminSlot).send(['DEBUG', 'POPULATE', scenario.populate, 'key', 20]);
    }
    const spreadMs = scenario.bootSpreadMs;
    const bursts = this.#draw.fork('boot bursts');
    for (let left = bursts.int(0, maxBootBursts); left > 0; left--) {
      queue.after(lane, bursts.between(0, spreadMs), () => this.#burst(bursts));
    }
    for (const node of others) {
      queue.after(lane, draw.between(0, spreadMs), () => this.#cluster.boot(node, node.upstream));
    }
    await this.#driver.runFor(spreadMs + 1);
  }

  async #phase(phase: PhasePlan, index: number): Promise<void> {
    const { queue, lane, trace } = this.#cluster;
    trace.order(`phase ${index + 1}`);
    const endMs = queue.nowMs + phase.durationMs;
    const repeat = (gapMs: number, draw: Draw, fn: () => void): void => {
      const delayMs = draw.between(0, 2 * gapMs);
      if (queue.nowMs + delayMs >= endMs) return;
      queue.after(lane, delayMs, () => {
        fn();
        repeat(gapMs, draw, fn);
      });
    };
    const faults = this.#draw.fork(`faults ${index}`);
    const bursts = this.#draw.fork(`bursts ${index}`);
    repeat(phase.faultGapMs, faults, () =>
      strike(faults.weighted(phase.kinds), this.#cluster, faults),
    );
    repeat(phase.burstGapMs, bursts, () => this.#burst(bursts));
    await this.#driver.runFor(phase.durationMs);
    heal(this.#cluster);
    await this.#rest();
    this.#checks.atRest();
    if (this.#cluster.scenario.idleMs > 0) await this.#idle();
  }

  /** Some client of some node sends something: to masters mostly. */
  #burst(draw: Draw): void {
    const { masters, running } = this.#cluster;
    const nodes = masters.length > 0 && draw.chance(0.85) ? masters : running;
    if (nodes.length === 0) return;
    const node = draw.pick(nodes);
    node.soon(0, () => this.#sendBurst(node, draw));
  }

  #sendBurst(node: SimNode, draw: Draw): void {
    const { markers, trace } = this.#cluster;
    const client = node.client(1 + draw.int(0, userSlots - 1));
    const show = (words: readonly RespArg[], reply: RespValue): void =>
      trace.detail(node.name, `${shorten(words.join(' '))} → ${shorten(reply)}`);
    const parts = this.#workload
      .burst(draw, node.nowMs)
      .map((words) =>
        client.encode(words, trace.keepsAll ? (reply) => show(words, reply) : undefined),
      );
    if (draw.chance(0.2)) parts.push(markers.write(node, client, draw));
    else if (draw.chance(0.01)) parts.push(markers.flush(client, node));
    const bytes = Buffer.concat(parts);
    const half = draw.chance(0.2) ? draw.int(0, bytes.length) : bytes.length;
    client.feed(bytes.subarray(0, half));
    if (half < bytes.length && !client.closed) client.feed(bytes.subarray(half));
  }

  /** Runs until nothing moves any more; fails when that does not come. */
  async #rest(): Promise<void> {
    const { queue } = this.#cluster;
    const deadlineMs = queue.nowMs + maxUnrestMs;
    // Twice: connections given up long ago may still have had something to deliver.
    for (let looks = 0; looks < 2; looks++) {
      await this.#driver.runFor(settleMs);
      for (let reason = unrest(this.#cluster); reason !== undefined;) {
        if (queue.nowMs > deadlineMs) throw new Error(`no rest after healing: ${reason}`);
        await this.#driver.runFor(lookEveryMs);
        settleFailovers(this.#cluster);
        reason = unrest(this.#cluster);
      }
    }
    this.#cluster.failovers.length = 0;
    this.#cluster.trace.order('at rest');
  }

  /** A healthy cluster that nobody touches stays as it is. */
  async #idle(): Promise<void> {
    const before = this.#countSyncs();
    await this.#driver.runFor(this.#cluster.scenario.idleMs);
    const after = this.#countSyncs();
    if (after.full + after.partial !== before.full + before.partial) {
      throw new Error('a healthy, idle cluster resynchronized');
    }
    await this.#rest();
    this.#checks.atRest();
  }

  #countSyncs(): { full: number; partial: number } {
    const counters = this.#cluster.running.map(({ server }) => server.context.replication.counters);
    return {
      full: counters.reduce((sum, { syncFull }) => sum + syncFull, 0),
      partial: counters.reduce((sum, { syncPartialOk }) => sum + syncPartialOk, 0),
    };
  }

  /** A stopped server leaves nothing behind that goes on. */
  async #stopAll(): Promise<void> {
    Object.assign(this.syncs, this.#countSyncs());
    this.#cluster.phase++;
    for (const node of this.#cluster.running) node.server.stop();
    await this.#driver.runFor(3000);
    const before = this.#driver.nodeEvents;
    await this.#driver.runFor(20_000);
    if (this.#driver.nodeEvents !== before) throw new Error('stopped servers still do something');
  }
}

function shorten(value: RespValue): string {
  const text = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? String(part) : part,
  );
  return text.length > 70 ? `${text.slice(0, 60)}… (${text.length})` : text;
}
