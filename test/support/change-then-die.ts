/**
 * Makes a change as the CLI does and kills itself (SIGKILL) after so many steps: what a power cut or
 * an impatient operator does to it. Run as a process of its own by tests of resume and rollback:
 * `node --import tsx change-then-die.ts '{"port":6379,…}'`.
 */
import { observe } from '../../src/cli/observe.ts';
import { runChange } from '../../src/cli/change/run-change.ts';
import type { Topology } from '../../src/topology/model.ts';
import { planShape } from '../../src/topology/plan/plan-shape.ts';
import { planChange, type Wanted } from '../../src/topology/plan/plan.ts';
import type { Planned } from '../../src/topology/plan/planned.ts';
import { systemClock } from '../../src/util/clock.ts';
import { unattendedChange } from './unattended-change.ts';

export interface ChangeThenDie {
  /** Of any node of the setup. */
  readonly port: number;
  /** The new upstream of each port; null for the master. What `repl apply` is told by an inventory. */
  readonly shape?: readonly (readonly [port: number, upstream: number | null])[];
  /** Otherwise the port of the node to promote, or to move below `upstream`. */
  readonly node?: number;
  readonly upstream?: number;
  readonly stateDir: string;
  /** It dies as soon as so many steps were run. */
  readonly steps: number;
}

const task = JSON.parse(process.argv[2]) as ChangeThenDie;
const before = await observe({
  words: [`127.0.0.1:${task.port}`],
  lab: undefined,
  credentials: {},
  timeoutMs: 5000,
  clock: systemClock,
});
const idOf = (port: number): string => before.find(String(port)).id;

function plan(topology: Topology): Planned {
  const { shape, node, upstream } = task;
  if (shape !== undefined) {
    const places = shape.map(([port, above]): [string, string | undefined] => [
      idOf(port),
      above === null ? undefined : idOf(above),
    ]);
    return planShape(topology, new Map(places), { persist: false });
  }
  if (node === undefined) throw new Error('neither a shape nor a node');
  const wanted: Wanted =
    upstream === undefined
      ? { kind: 'promote', node: idOf(node) }
      : { kind: 'reparent', nodes: [idOf(node)], upstream: idOf(upstream) };
  return planChange(topology, wanted, { persist: false });
}

let stepsRun = 0;
await runChange({
  ...unattendedChange,
  before,
  plan,
  command: process.argv[2],
  askWhen: 'warned',
  stateDir: task.stateDir,
  write: (text) => {
    if (/^(?:done|pending|failed) /.test(text)) stepsRun++;
    if (stepsRun === task.steps) process.kill(process.pid, 'SIGKILL');
  },
});
