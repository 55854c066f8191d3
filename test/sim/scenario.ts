/**
 * What a run is like, drawn from its seed: the tree, each node's settings, the network, how much
 * goes wrong. Readonly data; the simulator prints it when a run fails.
 */
import type { Draw } from './draw.ts';
import type { NetworkTraits } from './pipe.ts';

export interface Scenario {
  readonly seed: number;
  readonly nodes: readonly NodePlan[];
  readonly network: NetworkTraits;
  /** Keys put into the first master before anyone follows it. */
  readonly populate: number;
  readonly phases: readonly PhasePlan[];
  /** Saves and full syncs go through real files, written in the background. */
  readonly usesDisk: boolean;
}

export interface NodePlan {
  readonly port: number;
  /** The master in its configuration file; undefined for the first node. */
  readonly upstream: number | undefined;
  readonly settings: readonly string[];
  readonly skewMs: number;
  /** What a look at the monotonic clock costs: the slower, the more slices a snapshot has. */
  readonly clockCostMs: number;
}

export interface PhasePlan {
  readonly durationMs: number;
  /** Mean milliseconds between two faults, and between two bursts of requests. */
  readonly faultGapMs: number;
  readonly burstGapMs: number;
  readonly kinds: FaultWeights;
}

export type FaultKind =
  | 'cut'
  | 'stall'
  | 'freeze'
  | 'kill'
  | 'shutdown'
  | 'promote'
  | 'reparent'
  | 'switchover'
  | 'save'
  | 'resize-backlog'
  | 'client-kill'
  | 'pause';

export type FaultWeights = readonly (readonly [weight: number, kind: FaultKind])[];

/** Phases differ in what goes wrong, so that each combination is long enough to matter. */
const moods: readonly FaultWeights[] = [
  [
    [4, 'cut'],
    [3, 'stall'],
    [1, 'freeze'],
    [1, 'resize-backlog'],
    [1, 'client-kill'],
  ],
  [
    [2, 'promote'],
    [3, 'reparent'],
    [5, 'switchover'],
    [1, 'cut'],
    [4, 'stall'],
  ],
  [
    [4, 'kill'],
    [3, 'shutdown'],
    [4, 'save'],
    [1, 'cut'],
    [1, 'switchover'],
  ],
  [
    [2, 'cut'],
    [2, 'stall'],
    [1, 'freeze'],
    [2, 'kill'],
    [1, 'shutdown'],
    [1, 'promote'],
    [2, 'reparent'],
    [2, 'switchover'],
    [1, 'save'],
    [1, 'resize-backlog'],
    [1, 'client-kill'],
    [1, 'pause'],
  ],
];

const firstPort = 7001;

export function drawScenario(seed: number, draw: Draw): Scenario {
  const usesDisk = draw.chance(0.12);
  const shared = sharedSettings(draw, usesDisk);
  return {
    seed,
    nodes: drawNodes(draw, shared, usesDisk),
    network: drawNetwork(draw),
    populate: draw.weighted([
      [3, 0],
      [3, draw.int(1, 150)],
      [1, draw.int(500, 2000)],
    ]),
    phases: Array.from({ length: draw.int(1, 3) }, () => drawPhase(draw)),
    usesDisk,
  };
}

/** A tree of 2 to 5 nodes: each follows one of those before it; chains and stars more often. */
function drawNodes(draw: Draw, shared: readonly string[], usesDisk: boolean): NodePlan[] {
  const shape = draw.pick(['star', 'chain', 'any'] as const);
  const clockCostMs = draw.pick([0, 0.03, 0.2]);
  const skewed = draw.chance(0.3);
  return Array.from({ length: draw.int(2, 5) }, (_, index) => ({
    port: firstPort + index,
    upstream: index === 0 ? undefined : firstPort + upstreamIndex(draw, shape, index),
    settings: [...shared, ...ownSettings(draw, usesDisk)],
    skewMs: skewed ? draw.int(-3000, 3000) : 0,
    clockCostMs,
  }));
}

function upstreamIndex(draw: Draw, shape: 'star' | 'chain' | 'any', index: number): number {
  if (shape === 'star') return 0;
  return shape === 'chain' ? index - 1 : draw.int(0, index - 1);
}

function sharedSettings(draw: Draw, usesDisk: boolean): string[] {
  return [
    'databases 4',
    'enable-debug-command yes',
    usesDisk ? draw.pick(['save ""', 'save 2 1']) : 'save ""',
    `repl-timeout ${draw.int(3, 8)}`,
    `repl-ping-replica-period ${draw.int(1, 2)}`,
    `repl-diskless-load ${usesDisk ? draw.pick(['swapdb', 'disabled', 'on-empty-db']) : 'swapdb'}`,
    `repl-backlog-ttl ${draw.pick([0, 3, 3600, 3600])}`,
    `shutdown-timeout ${draw.pick([0, 2, 10])}`,
  ];
}

function ownSettings(draw: Draw, usesDisk: boolean): string[] {
  return [
    `repl-backlog-size ${draw.pick(['16kb', '40kb', '200kb', '1mb'])}`,
    `repl-diskless-sync ${usesDisk && draw.chance(0.7) ? 'no' : 'yes'}`,
    `repl-diskless-sync-delay ${draw.pick([0, 0, 0, 1])}`,
    ...(draw.chance(0.2) ? ['client-output-buffer-limit replica 60kb 30kb 2'] : []),
  ];
}

function drawNetwork(draw: Draw): NetworkTraits {
  const minLatencyMs = draw.pick([0.05, 0.05, 1]);
  return {
    minLatencyMs,
    maxLatencyMs: minLatencyMs * draw.pick([1.5, 10, 60]),
    maxPieceBytes: draw.pick([Infinity, Infinity, 5000, 700, 90]),
    kernelBytes: draw.pick([1024, 16 * 1024, 256 * 1024]),
  };
}

function drawPhase(draw: Draw): PhasePlan {
  return {
    durationMs: draw.int(3000, 12_000),
    faultGapMs: draw.pick([400, 1000, 3000]),
    burstGapMs: draw.pick([15, 60, 250]),
    kinds: draw.pick(moods),
  };
}
