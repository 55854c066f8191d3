/**
 * Makes a change as the CLI does and kills itself (SIGKILL) after so many steps: what a power cut or
 * an impatient operator does to it. Run as a process of its own by tests of resume and rollback:
 * `node --import tsx change-then-die.ts '{"ports":[6379],…}'`.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { observe, type Observation } from '../../src/cli/observe.ts';
import { runChange } from '../../src/cli/change/run-change.ts';
import type { Topology } from '../../src/topology/model.ts';
import { planShape } from '../../src/topology/plan/plan-shape.ts';
import { planChange, type Wanted } from '../../src/topology/plan/plan.ts';
import type { Planned } from '../../src/topology/plan/planned.ts';
import { systemClock } from '../../src/util/clock.ts';
import { unattendedChange } from './unattended-change.ts';

export interface ChangeThenDie {
  /** Where the nodes are that answer. */
  readonly ports: readonly number[];
  readonly ask: Ask;
  readonly stateDir: string;
  /** It dies as soon as so many steps were run; with 0, once the change is written down. */
  readonly steps: number;
}

/** What a command is told, by ports. */
export type Ask =
  /** The upstream of each; null for the master. What `repl apply` is told by an inventory. */
  | { readonly kind: 'apply'; readonly shape: readonly (readonly [number, number | null])[] }
  | { readonly kind: 'reparent' | 'replicaof'; readonly node: number; readonly upstream: number }
  /** `force` is a promotion where the master is dead. */
  | { readonly kind: 'promote' | 'force' | 'no-one' | 'rejoin'; readonly node: number };

const task = JSON.parse(process.argv[2]) as ChangeThenDie;
const before = await observe({
  words: task.ports.map((port) => `127.0.0.1:${port}`),
  lab: undefined,
  credentials: {},
  timeoutMs: 5000,
  clock: systemClock,
});
const idOf = (port: number): string => before.find(String(port)).id;

function plan(topology: Topology): Planned {
  const { ask } = task;
  if (ask.kind !== 'apply') return planChange(topology, wanted(ask), { persist: false });
  const places = ask.shape.map(([port, above]): [string, string | undefined] => [
    idOf(port),
    above === null ? undefined : idOf(above),
  ]);
  return planShape(topology, new Map(places), { persist: false });
}

function wanted(ask: Exclude<Ask, { kind: 'apply' }>): Wanted {
  const node = idOf(ask.node);
  switch (ask.kind) {
    case 'reparent':
      return { kind: 'reparent', nodes: [node], upstream: idOf(ask.upstream) };
    case 'replicaof': {
      const address = { host: '127.0.0.1', port: ask.upstream };
      return { kind: 'replicaof', node, address, upstream: idOf(ask.upstream) };
    }
    case 'force':
      return { kind: 'promote', node, force: true, acceptHidden: true };
    default:
      return { kind: ask.kind, node };
  }
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

function recordCount(): number {
  const isThere = readdirSync(task.stateDir).includes('changes');
  return isThere ? readdirSync(join(task.stateDir, 'changes')).length : 0;
}

/** Who connects when the record has begun does it for the steps. */
const recordsBefore = recordCount();
const connect: Observation['connect'] = (node) => {
  if (recordCount() > recordsBefore) die();
  return before.connect(node);
};

let stepsRun = 0;
await runChange({
  ...unattendedChange,
  before: task.steps === 0 ? { ...before, connect } : before,
  plan,
  command: process.argv[2],
  askWhen: 'warned',
  stateDir: task.stateDir,
  write: (text) => {
    if (/^(?:done|pending|failed) /.test(text)) stepsRun++;
    if (stepsRun > 0 && stepsRun === task.steps) die();
  },
});
