/**
 * Makes a change as the CLI does and kills itself (SIGKILL) after so many steps: what a power cut or
 * an impatient operator does to it. Run as a process of its own by tests of resume and rollback:
 * `node --import tsx change-then-die.ts '{"port":6379,…}'`.
 */
import { observe } from '../../src/cli/observe.ts';
import { runChange } from '../../src/cli/change/run-change.ts';
import { plain } from '../../src/cli/views/paint.ts';
import { planChange, type Wanted } from '../../src/topology/plan.ts';
import { systemClock } from '../../src/util/clock.ts';

export interface ChangeThenDie {
  /** Of any node of the setup. */
  readonly port: number;
  readonly verb: 'promote' | 'reparent' | 'no-one';
  /** The port of the node that it is about, and of its new upstream. */
  readonly node: number;
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
const idOf = (port: number | undefined): string => before.find(String(port)).id;
const wanted: Wanted =
  task.verb === 'reparent'
    ? { kind: 'reparent', node: idOf(task.node), upstream: idOf(task.upstream) }
    : { kind: task.verb, node: idOf(task.node) };
let stepsRun = 0;
await runChange({
  before,
  plan: (topology) => planChange(topology, wanted, { persist: false }),
  command: `repl ${task.verb} ${task.node}`,
  persist: false,
  dryRun: false,
  out: undefined,
  locks: true,
  askWhen: 'warned',
  persistHint: undefined,
  stateDir: task.stateDir,
  signal: new AbortController().signal,
  random: Math.random,
  confirm: () => Promise.resolve(true),
  write: (text) => {
    if (/^(?:done|pending|failed) /.test(text)) stepsRun++;
    if (stepsRun === task.steps) process.kill(process.pid, 'SIGKILL');
  },
  paint: plain,
});
