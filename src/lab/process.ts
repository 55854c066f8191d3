/**
 * One node as a process: started from its configuration file and awaited, asked to end and awaited.
 * The only file that knows execa. The engine may be any program that takes what redis-server takes.
 * It signals a process only when node-state.ts is sure that it is the node.
 */
import { open } from 'node:fs/promises';
import { execa } from 'execa';
import type { Secret } from '../instance/secret.ts';
import type { NodeSpec } from '../topology/spec.ts';
import type { Clock } from '../util/clock.ts';
import { nodeFiles } from './node-files.ts';
import { inspectNode, isAlive } from './node-state.ts';

/** How often to look again while waiting for a process. */
const pollMs = 15;

/** As much of a log as a person reads at once, and as much of its end as is looked at. */
const tailLinesLimit = 12;
const tailBytesLimit = 8 * 1024;

export interface NodeContext {
  readonly labDir: string;
  readonly password: Secret | undefined;
  readonly clock: Clock;
  /** For this one step. */
  readonly timeoutMs: number;
}

export type StartOutcome =
  | { readonly kind: 'started'; readonly pid: number; readonly tookMs: number }
  | { readonly kind: 'already-running'; readonly pid: number }
  | StepFailed;

export type StopOutcome =
  | { readonly kind: 'stopped'; readonly pid: number; readonly tookMs: number }
  | { readonly kind: 'not-running'; readonly stalePidfile: boolean }
  | StepFailed;

export interface StepFailed {
  readonly kind: 'failed';
  /** One clause in plain words. */
  readonly why: string;
  /** What it printed and the end of its log, without secrets; maybe empty. */
  readonly lastLines: readonly string[];
}

/** Starts a node unless it runs, and waits until it answers. `command` comes from findEngine. */
export async function startNode(
  node: NodeSpec,
  command: readonly string[],
  context: NodeContext,
): Promise<StartOutcome> {
  const before = await inspectNode(node, context);
  if (before.kind === 'port-taken') {
    return failedStep(`${before.by} sits on port ${node.port}`);
  }
  if (before.kind === 'running' && before.ready)
    return { kind: 'already-running', pid: before.pid };
  const startedAt = context.clock.monotonic();
  const launch = before.kind === 'running' ? undefined : launchNode(node, command, context);
  const outcome = await waitUntilReady(node, launch, context);
  launch?.release();
  if (outcome.kind === 'ready') {
    return { kind: 'started', pid: outcome.pid, tookMs: context.clock.monotonic() - startedAt };
  }
  const lastLines = await readLastLines(node, launch?.output() ?? '', context);
  return { kind: 'failed', why: outcome.why, lastLines };
}

/** Ends a node (SIGTERM, so that it saves) and waits until the process is gone. */
export async function stopNode(node: NodeSpec, context: NodeContext): Promise<StopOutcome> {
  const before = await inspectNode(node, context);
  if (before.kind !== 'running') {
    // Somebody else on the port is none of our business here: the node itself does not run.
    const stalePidfile = before.kind === 'stopped' && before.stalePidfile;
    return { kind: 'not-running', stalePidfile };
  }
  const { pid } = before;
  const startedAt = context.clock.monotonic();
  const refused = sendTerm(pid);
  if (refused !== undefined) return failedStep(refused);
  while (await isAlive(pid)) {
    if (context.clock.monotonic() - startedAt > context.timeoutMs) {
      const why = `process ${pid} got SIGTERM and did not end within ${context.timeoutMs} ms`;
      return { kind: 'failed', why, lastLines: await readLastLines(node, '', context) };
    }
    await pause(context.clock);
  }
  return { kind: 'stopped', pid, tookMs: context.clock.monotonic() - startedAt };
}

/** A server that is being launched: the program we called, which goes to the background itself. */
interface Launch {
  /** What it printed before it went to the background. */
  output(): string;
  /** Undefined while it runs, or has gone to the background. */
  failure(): string | undefined;
  /** Lets go of it, so that we can end while it lives. */
  release(): void;
}

function launchNode(
  node: NodeSpec,
  [program, ...args]: readonly string[],
  { labDir }: NodeContext,
): Launch {
  const { conf } = nodeFiles(labDir, node);
  const child = execa(program, [...args, conf], {
    cwd: labDir,
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-tailBytesLimit);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  let failure: string | undefined;
  void child.then((result) => {
    if (result.exitCode === 0) return;
    failure =
      result.exitCode === undefined
        ? `could not run ${program} (${result.shortMessage})`
        : `${program} ended with exit code ${result.exitCode}`;
  });
  return {
    output: () => output,
    failure: () => failure,
    release() {
      // A server that stays in the foreground writes to its log; nobody reads its terminal.
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
    },
  };
}

async function waitUntilReady(
  node: NodeSpec,
  launch: Launch | undefined,
  context: NodeContext,
): Promise<{ kind: 'ready'; pid: number } | { kind: 'not-ready'; why: string }> {
  const deadline = context.clock.monotonic() + context.timeoutMs;
  for (;;) {
    const state = await inspectNode(node, context);
    if (state.kind === 'running' && state.ready) return { kind: 'ready', pid: state.pid };
    const failure = launch?.failure();
    if (failure !== undefined) return { kind: 'not-ready', why: failure };
    if (context.clock.monotonic() > deadline) {
      return { kind: 'not-ready', why: `it did not answer within ${context.timeoutMs} ms` };
    }
    await pause(context.clock);
  }
}

/** Undefined when the signal was sent, or the process is gone already. */
function sendTerm(pid: number): string | undefined {
  try {
    process.kill(pid, 'SIGTERM');
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ESRCH' ? undefined : `may not signal process ${pid} (${code})`;
  }
}

function failedStep(why: string): StepFailed {
  return { kind: 'failed', why, lastLines: [] };
}

/** What was printed, then the end of the log file; no more than a screen, and no password. */
async function readLastLines(
  node: NodeSpec,
  printed: string,
  { labDir, password }: NodeContext,
): Promise<string[]> {
  const { logfile } = nodeFiles(labDir, node);
  const text = `${printed}\n${await readEnd(logfile)}`;
  const secret = password?.reveal();
  const safe = secret === undefined ? text : text.replaceAll(secret, '********');
  const lines = safe.split('\n').map((line) => line.trimEnd());
  return lines.filter((line) => line !== '').slice(-tailLinesLimit);
}

async function readEnd(path: string): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const length = Math.min(size, tailBytesLimit);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString();
  } finally {
    await file.close();
  }
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.schedule(pollMs, resolve));
}
