/**
 * A lab on this machine: its inventory and its nodes as processes. `repl start`, `stop`, `restart`
 * and `init --start` are one call each into this file; it reports what happened as data and never
 * prints. Nodes of one depth are handled together: masters first to start, replicas first to stop.
 */
import { findSpecNode, loadSpec, type LabSpec, type NodeSpec } from '../topology/spec.ts';
import type { Clock } from '../util/clock.ts';
import { OperatorError } from '../util/errors.ts';
import { findEngine } from './engine.ts';
import {
  startNode,
  stopNode,
  type NodeContext,
  type StartOutcome,
  type StopOutcome,
} from './process.ts';

/** For one node to come up; loading a large snapshot takes a while. */
const startTimeoutMs = 30_000;

/** For one node to save its data and end. */
const stopTimeoutMs = 30_000;

export interface Lab {
  /** Absolute. */
  readonly dir: string;
  readonly spec: LabSpec;
}

export interface NodeResult<Outcome> {
  readonly node: NodeSpec;
  readonly outcome: Outcome;
}

export interface LabOptions {
  readonly clock: Clock;
  /** Aborted, no node is begun any more, and none is waited for. */
  readonly signal?: AbortSignal;
  /** Called when a step begins (`outcome` undefined) and when it has ended. */
  readonly onStep?: (node: NodeSpec, outcome: StartOutcome | StopOutcome | undefined) => void;
}

/** Reads the lab in a directory. Throws an OperatorError where its inventory is wrong. */
export async function openLab(dir: string): Promise<Lab> {
  return { dir, spec: await loadSpec(dir) };
}

/**
 * The nodes that were typed as names, ports or addresses, each once, in the inventory's order; all
 * nodes for no words. Throws an OperatorError that lists the names there are.
 */
export function chooseNodes({ spec }: Lab, words: readonly string[]): NodeSpec[] {
  if (words.length === 0) return [...spec.nodes];
  const chosen = new Set(words.map((word) => findSpecNode(spec, word) ?? throwUnknown(spec, word)));
  return spec.nodes.filter((node) => chosen.has(node));
}

/**
 * Starts the nodes that do not run, upstreams before those that follow them. A node that fails does
 * not keep the others from starting. Throws an OperatorError when the engine cannot be found.
 */
export async function startNodes(
  lab: Lab,
  nodes: readonly NodeSpec[],
  options: LabOptions & { readonly engine?: string | undefined },
): Promise<NodeResult<StartOutcome>[]> {
  const command = await requireEngine(lab, options.engine);
  const context = nodeContext(lab, startTimeoutMs, options);
  return runByDepth(lab, levelsOf(lab.spec, nodes), options, (node) =>
    startNode(node, command, context),
  );
}

/** The program that runs the lab's nodes. Throws an OperatorError when this machine has none. */
export async function requireEngine(lab: Lab, engine?: string): Promise<readonly string[]> {
  const found = await findEngine(engine ?? lab.spec.engine);
  if (found.kind === 'found') return found.command;
  throw new OperatorError(found.refusal.message, { hint: found.refusal.hint });
}

/** Stops the nodes that run, replicas before those that they follow. */
export async function stopNodes(
  lab: Lab,
  nodes: readonly NodeSpec[],
  options: LabOptions,
): Promise<NodeResult<StopOutcome>[]> {
  const context = nodeContext(lab, stopTimeoutMs, options);
  return runByDepth(lab, levelsOf(lab.spec, nodes).reverse(), options, (node) =>
    stopNode(node, context),
  );
}

function nodeContext(lab: Lab, timeoutMs: number, { clock, signal }: LabOptions): NodeContext {
  return { labDir: lab.dir, password: lab.spec.password, clock, timeoutMs, signal };
}

/**
 * One level after the other, the nodes of a level together. Results in the inventory's order; those
 * that an abort left out have none.
 */
async function runByDepth<Outcome extends StartOutcome | StopOutcome>(
  { spec }: Lab,
  levels: readonly (readonly NodeSpec[])[],
  { onStep, signal }: LabOptions,
  step: (node: NodeSpec) => Promise<Outcome>,
): Promise<NodeResult<Outcome>[]> {
  const results: NodeResult<Outcome>[] = [];
  const runStep = async (node: NodeSpec): Promise<void> => {
    onStep?.(node, undefined);
    const outcome = await step(node);
    onStep?.(node, outcome);
    results.push({ node, outcome });
  };
  for (const level of levels) {
    if (signal?.aborted === true) break;
    await Promise.all(level.map(runStep));
  }
  return results.sort((a, b) => spec.nodes.indexOf(a.node) - spec.nodes.indexOf(b.node));
}

/** The nodes by their depth in the whole lab, masters first; no level is empty. */
function levelsOf(spec: LabSpec, nodes: readonly NodeSpec[]): NodeSpec[][] {
  const levels = new Map<number, NodeSpec[]>();
  for (const node of nodes) {
    const depth = depthOf(spec, node);
    levels.set(depth, [...(levels.get(depth) ?? []), node]);
  }
  return [...levels].sort(([a], [b]) => a - b).map(([, level]) => level);
}

/** Terminates: a spec has no circles. */
function depthOf(spec: LabSpec, node: NodeSpec): number {
  const upstream = spec.nodes.find(({ name }) => name === node.replicaof);
  return upstream === undefined ? 0 : depthOf(spec, upstream) + 1;
}

function throwUnknown(spec: LabSpec, word: string): never {
  throw new OperatorError(`there is no node ${word} in this lab`, {
    cause: `its nodes are ${spec.nodes.map(({ name }) => name).join(', ')}`,
    hint: 'name one of them, or type its port',
    exitCode: 2,
  });
}
