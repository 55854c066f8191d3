/**
 * What a run is like, drawn from its seed: the tree, each node's settings, the network, how much
 * goes wrong. Readonly data; the simulator prints it when a run fails.
 *
 * Most runs are short: many small ones meet more than few long ones. The long ones are for what
 * takes its time: timeouts of several seconds, backlogs that are given up, clusters that are idle.
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
  /** Within so long all nodes boot for the first time. */
  readonly bootSpreadMs: number;
  /** After each phase: how long a cluster at rest is watched. */
  readonly idleMs: number;
  /** Longer than any repl-timeout here, as a rule: so long may a stall or a freeze last. */
  readonly maxFaultMs: number;
  /** And so long may a node be down. */
  readonly maxDownMs: number;
  /** Saves and full syncs go through files, written in the background. */
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
  /** Work on a file in the background takes up to so long. */
  readonly diskLatencyMs: number;
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
  | 'failover'
  | 'save'
  | 'resize-backlog'
  | 'client-kill'
  | 'pause'
  | 'probe';

export type FaultWeights = readonly (readonly [weight: number, kind: FaultKind])[];

/** Phases differ in what goes wrong, so that each combination is long enough to matter. */
const moods: readonly FaultWeights[] = [
  [
    [4, 'cut'],
    [3, 'stall'],
    [1, 'freeze'],
    [1, 'resize-backlog'],
    [1, 'client-kill'],
    [2, 'probe'],
  ],
  [
    [2, 'promote'],
    [3, 'reparent'],
    [4, 'switchover'],
    [3, 'failover'],
    [1, 'cut'],
    [4, 'stall'],
    [1, 'probe'],
  ],
  [
    [4, 'kill'],
    [3, 'shutdown'],
    [4, 'save'],
    [1, 'cut'],
    [1, 'switchover'],
    [1, 'probe'],
  ],
  [
    [2, 'cut'],
    [2, 'stall'],
    [1, 'freeze'],
    [2, 'kill'],
    [1, 'shutdown'],
    [1, 'promote'],
    [2, 'reparent'],
    [1, 'switchover'],
    [1, 'failover'],
    [1, 'save'],
    [1, 'resize-backlog'],
    [1, 'client-kill'],
    [1, 'pause'],
    [1, 'probe'],
  ],
];

const firstPort = 7001;
const maxNodes = 9;

/** Ranges of milliseconds, and choices of them. */
interface Pace {
  readonly bootSpreadMs: number;
  readonly phases: readonly [number, number];
  readonly durationMs: readonly [number, number];
  readonly faultGapsMs: readonly number[];
  readonly burstGapsMs: readonly number[];
  readonly idleChoicesMs: readonly number[];
  readonly replTimeoutSec: readonly [number, number];
  readonly maxDownMs: number;
}

const shortPace: Pace = {
  bootSpreadMs: 150,
  phases: [1, 1],
  durationMs: [300, 2200],
  faultGapsMs: [60, 150, 500],
  burstGapsMs: [15, 40, 120],
  idleChoicesMs: [0, 0, 0, 1100],
  replTimeoutSec: [2, 3],
  maxDownMs: 900,
};

const longPace: Pace = {
  bootSpreadMs: 1500,
  phases: [1, 3],
  durationMs: [3000, 9000],
  faultGapsMs: [400, 1000, 3000],
  burstGapsMs: [60, 250],
  idleChoicesMs: [2500, 12_000],
  replTimeoutSec: [3, 8],
  maxDownMs: 6000,
};

export function drawScenario(seed: number, draw: Draw): Scenario {
  const pace = draw.chance(0.06) ? longPace : shortPace;
  const usesDisk = draw.chance(0.3);
  const replTimeoutSec = draw.int(...pace.replTimeoutSec);
  const shared = [
    `repl-timeout ${replTimeoutSec}`,
    ...sharedSettings(draw, usesDisk, replTimeoutSec),
  ];
  return {
    seed,
    nodes: drawNodes(draw, shared, usesDisk),
    network: drawNetwork(draw),
    populate: draw.weighted([
      [5, 0],
      [3, draw.int(1, 80)],
      [0.3, draw.int(300, 1200)],
    ]),
    phases: Array.from({ length: draw.int(...pace.phases) }, () => drawPhase(draw, pace)),
    bootSpreadMs: pace.bootSpreadMs,
    idleMs: draw.pick(pace.idleChoicesMs),
    maxFaultMs: replTimeoutSec * 1300,
    maxDownMs: pace.maxDownMs,
    usesDisk,
  };
}

/** A tree of 3 to 9 nodes: each follows one of those before it; chains and stars more often. */
function drawNodes(draw: Draw, shared: readonly string[], usesDisk: boolean): NodePlan[] {
  const shape = draw.pick(['star', 'chain', 'any'] as const);
  const clockCostMs = draw.pick([0, 0.03, 0.2]);
  const skewed = draw.chance(0.3);
  const diskLatencyMs = draw.pick([0.1, 2, 40]);
  const count = draw.weighted([
    [5, 3],
    [3, 4],
    [1, 5],
    [0.7, draw.int(6, maxNodes)],
  ]);
  return Array.from({ length: count }, (_, index) => ({
    port: firstPort + index,
    upstream: index === 0 ? undefined : firstPort + upstreamIndex(draw, shape, index),
    settings: [...shared, ...ownSettings(draw, usesDisk)],
    skewMs: skewed ? draw.int(-3000, 3000) : 0,
    clockCostMs,
    diskLatencyMs,
  }));
}

function upstreamIndex(draw: Draw, shape: 'star' | 'chain' | 'any', index: number): number {
  if (shape === 'star') return 0;
  return shape === 'chain' ? index - 1 : draw.int(0, index - 1);
}

function sharedSettings(draw: Draw, usesDisk: boolean, replTimeoutSec: number): string[] {
  return [
    'databases 4',
    'enable-debug-command yes',
    // A table of 24 KiB for each command that runs.
    'latency-tracking no',
    usesDisk ? draw.pick(['save ""', 'save 2 1']) : 'save ""',
    // Well below the timeout, or idle links break by themselves.
    `repl-ping-replica-period ${Math.max(1, Math.min(draw.int(1, 2), replTimeoutSec - 2))}`,
    `repl-diskless-load ${usesDisk ? draw.pick(['swapdb', 'disabled', 'on-empty-db']) : 'swapdb'}`,
    `repl-backlog-ttl ${draw.pick([0, 1, 3600, 3600])}`,
    `shutdown-timeout ${draw.pick([0, 1, 10])}`,
    ...draw.pick([[], ['list-max-listpack-size 4', 'hash-max-listpack-entries 3']]),
    ...draw.pick([[], ['set-max-intset-entries 2', 'zset-max-listpack-entries 3']]),
  ];
}

function ownSettings(draw: Draw, usesDisk: boolean): string[] {
  return [
    `repl-backlog-size ${draw.pick(['16kb', '16kb', '40kb', '1mb'])}`,
    `repl-diskless-sync ${usesDisk && draw.chance(0.7) ? 'no' : 'yes'}`,
    `repl-diskless-sync-delay ${draw.pick([0, 0, 0, 1])}`,
    `rdbcompression ${draw.pick(['yes', 'no'])}`,
    ...(draw.chance(0.2) ? ['client-output-buffer-limit replica 60kb 30kb 2'] : []),
    ...(draw.chance(0.2) ? appendOnlySettings(draw) : []),
  ];
}

function appendOnlySettings(draw: Draw): string[] {
  return [
    'appendonly yes',
    `appendfsync ${draw.pick(['always', 'everysec', 'no'])}`,
    `aof-use-rdb-preamble ${draw.pick(['yes', 'yes', 'no'])}`,
    'auto-aof-rewrite-percentage 100',
    `auto-aof-rewrite-min-size ${draw.pick(['2kb', '64mb'])}`,
  ];
}

function drawNetwork(draw: Draw): NetworkTraits {
  const minLatencyMs = draw.pick([0.05, 0.05, 1]);
  return {
    minLatencyMs,
    maxLatencyMs: minLatencyMs * draw.pick([1.5, 10, 60]),
    maxPieceBytes: draw.pick([Infinity, Infinity, 5000, 700, 300]),
    kernelBytes: draw.pick([1024, 16 * 1024, 256 * 1024]),
  };
}

function drawPhase(draw: Draw, pace: Pace): PhasePlan {
  return {
    durationMs: draw.int(...pace.durationMs),
    faultGapMs: draw.pick(pace.faultGapsMs),
    burstGapMs: draw.pick(pace.burstGapsMs),
    kinds: draw.pick(moods),
  };
}
