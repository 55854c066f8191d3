/**
 * The least that a replication setup can be: who is a master, who follows whom, whose writes are
 * held. Runs the steps of a plan on it and holds them to what may never happen. For the tests of
 * planning; it shares nothing with the planner.
 */
import { addressKey, type Address } from '../../../src/instance/address.ts';
import type { NodeId, Topology } from '../../../src/topology/model.ts';
import type { Shape } from '../../../src/topology/plan/planned.ts';
import type { Step } from '../../../src/topology/plan/step.ts';

interface ModelNode {
  alive: boolean;
  master: boolean;
  upstream: NodeId | undefined;
  held: boolean;
  /** Masters whose every byte it had while their writes were held. */
  inStepWith: Set<NodeId>;
}

/** Runs the plan; throws when two accept writes, a write can be lost, or the end is not the shape. */
export function runOnModel(topology: Topology, steps: readonly Step[], shape: Shape): void {
  const model = new Model(topology);
  const before = model.writable().length;
  for (const step of steps) {
    model.apply(step);
    const now = model.writable();
    must(now.length <= Math.max(1, before), `${now.join()} accept writes after ${step.kind}`);
  }
  model.expectNoneHeld();
  model.expectShape(shape);
}

/** An `expect` for each step of ten thousand plans takes half a minute. */
function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

class Model {
  readonly #nodes = new Map<NodeId, ModelNode>();
  readonly #byAddress = new Map<string, NodeId>();
  readonly #firstMasters: ReadonlySet<NodeId>;

  constructor(topology: Topology) {
    for (const { id, state, address } of topology.nodes) {
      const upstream = topology.links.find((link) => link.replica === id)?.upstream;
      const alive = state.kind === 'up';
      const master = alive && state.facts.replication.role === 'master';
      this.#nodes.set(id, { alive, master, upstream, held: false, inStepWith: new Set() });
      this.#byAddress.set(addressKey(address), id);
    }
    this.#firstMasters = new Set(this.writable());
  }

  writable(): NodeId[] {
    return [...this.#nodes]
      .filter(([, { alive, master, held }]) => alive && master && !held)
      .map(([id]) => id);
  }

  apply(step: Step): void {
    const node = this.#live(step.node);
    switch (step.kind) {
      case 'hold-writes':
        node.held = true;
        break;
      case 'release-writes':
        node.held = false;
        break;
      case 'await-in-step':
        if (this.#live(step.with).held) {
          for (const id of [step.node, ...step.also]) this.#live(id).inStepWith.add(step.with);
        }
        break;
      case 'detach':
        Object.assign(node, { master: false, upstream: undefined });
        break;
      case 'follow':
        this.#follow(step.node, step.upstream);
        break;
      case 'follow-no-one':
        this.#becomeMaster(step.node);
        break;
      case 'failover':
        must(
          this.#live(step.to).upstream === step.node,
          `${step.to} is no replica of ${step.node}`,
        );
        Object.assign(node, { master: false, upstream: step.to });
        Object.assign(this.#live(step.to), { master: true, upstream: undefined });
        break;
      case 'await-link':
        must(step.of === undefined || node.upstream === step.of, `${step.node} follows another`);
        break;
      default:
    }
  }

  expectNoneHeld(): void {
    for (const [id, { held }] of this.#nodes) must(!held, `the writes of ${id} are held`);
  }

  /** A node that does not answer is nobody's to move, nor is anybody moved below it. */
  expectShape(shape: Shape): void {
    for (const [id, upstream] of shape) {
      const node = this.#nodes.get(id);
      if (node === undefined || !node.alive) continue;
      if (upstream !== undefined && this.#nodes.get(upstream)?.alive !== true) continue;
      must(node.upstream === upstream, `${id} follows ${node.upstream}, not ${upstream}`);
      must(node.master === (upstream === undefined), `${id} has the wrong role`);
    }
  }

  #follow(id: NodeId, address: Address): void {
    const upstream = this.#byAddress.get(addressKey(address));
    must(upstream !== id, `${id} follows itself`);
    Object.assign(this.#live(id), { master: false, upstream });
  }

  /** Where one lived, the new master must have had all of it, with its writes held. */
  #becomeMaster(id: NodeId): void {
    const node = this.#live(id);
    if (this.#firstMasters.size > 0 && !this.#firstMasters.has(id)) {
      const heard = [...this.#firstMasters].filter((each) => node.inStepWith.has(each));
      must(heard.length > 0, `${id} is promoted and may lack writes`);
      must(!heard.some((each) => this.#live(each).master), `${id} is promoted beside a master`);
    }
    Object.assign(node, { master: true, upstream: undefined });
  }

  #live(id: NodeId): ModelNode {
    const node = this.#nodes.get(id);
    if (node?.alive !== true) throw new Error(`${id} does not answer, and is in the plan`);
    return node;
  }
}
