/**
 * One node as a process: started from its configuration file and awaited, asked to end and awaited.
 * The only file that knows execa. The engine may be any program that takes what redis-server takes.
 * It signals a process only when node-state.ts is sure that it is the node.
 */
import { open, stat } from 'node:fs/promises';
import { execa } from 'execa';
import type { Secret } from '../instance/secret.ts';
import type { NodeSpec } from '../topology/spec.ts';
import { pause, type Clock } from '../util/clock.ts';
import { shellWord } from '../util/shell-word.ts';
import { otherLabOf } from './copied-lab.ts';
import { nodeFiles } from './node-files.ts';
import { inspectNode, isAlive } from './node-state.ts';

/** How often to look again while waiting for a process. */
const pollMs = 15;

/**
 * A server that went to the background and neither listens nor lives after this long has ended: it
 * could not bind, or its data is damaged. The reason stands in its log.
 */
const vanishedAfterMs = 5000;

/**
 * Redis forgets a SIGTERM that it cannot obey at that moment, for example right after a full copy
 * ("Writing initial AOF, can't exit") [Redis 7.0.15]. It says so in its log, and is asked again.
 * It is not asked twice without need: to some servers that means to end at once, without saving.
 */
const refusedShutdown = /Errors trying to shut down/;

/** As much of a log as a person reads at once, and as much of its end as is looked at. */
const tailLinesLimit = 12;
const tailBytesLimit = 8 * 1024;

export interface NodeContext {
  readonly labDir: string;
  readonly password: Secret | undefined;
  readonly clock: Clock;
  /** For this one step. */
  readonly timeoutMs: number;
  /** Aborted, it is not waited for any more. */
  readonly signal?: AbortSignal | undefined;
}

export type StartOutcome =
  | { readonly kind: 'started'; readonly pid: number; readonly tookMs: number }
  | { readonly kind: 'already-running'; readonly pid: number }
  | { readonly kind: 'interrupted' }
  | StepFailed;

export type StopOutcome =
  | { readonly kind: 'stopped'; readonly pid: number; readonly tookMs: number }
  | { readonly kind: 'not-running'; readonly stalePidfile: boolean }
  | { readonly kind: 'interrupted' }
  | StepFailed;

export interface StepFailed {
  readonly kind: 'failed';
  /** One clause in plain words. */
  readonly why: string;
  /** What it printed and the end of its log, without secrets; maybe empty. */
  readonly lastLines: readonly string[];
  /** The command that tells more: of the log, or of the file that it did not get beyond. */
  readonly next: string;
}

/** Starts a node unless it runs, and waits until it answers. `command` comes from findEngine. */
export async function startNode(
  node: NodeSpec,
  command: readonly string[],
  context: NodeContext,
): Promise<StartOutcome> {
  const before = await inspectNode(node, context);
  if (before.kind === 'port-taken') {
    const why = `${before.by} sits on port ${node.port}`;
    return { kind: 'failed', why, lastLines: [], next: `ss -ltnp 'sport = :${node.port}'` };
  }
  if (before.kind === 'running' && before.ready)
    return { kind: 'already-running', pid: before.pid };
  const startedAt = context.clock.monotonic();
  const { conf, logfile } = nodeFiles(context.labDir, node);
  const other = before.kind === 'running' ? undefined : await otherLabOf(conf, context.labDir);
  if (other !== undefined) {
    const why = `its file says dir ${other.dataDir}, which is in another lab: this one is a copy`;
    const paths = `s|${other.labDir}/|${context.labDir}/|g`;
    const next = `sed -i ${shellWord(paths)} ${shellWord(conf)}`;
    return { kind: 'failed', why, lastLines: [], next };
  }
  const logBefore = await sizeOf(logfile);
  const launch = before.kind === 'running' ? undefined : launchNode(node, command, context);
  const outcome = await waitUntilReady(node, launch, context);
  launch?.release();
  if (outcome.kind === 'ready') {
    return { kind: 'started', pid: outcome.pid, tookMs: context.clock.monotonic() - startedAt };
  }
  if (outcome.kind === 'interrupted') return outcome;
  const printed = launch?.output() ?? '';
  const lastLines = tailOf([printed, await readFrom(logfile, logBefore)], context.password);
  return { ...(await failedStep(node, context, outcome.why)), lastLines };
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
  const { clock, timeoutMs } = context;
  const { logfile } = nodeFiles(context.labDir, node);
  const startedAt = clock.monotonic();
  let logBefore = await sizeOf(logfile);
  let refused = sendTerm(pid);
  while (refused === undefined && (await isAlive(pid))) {
    if (context.signal?.aborted === true) return { kind: 'interrupted' };
    if (clock.monotonic() - startedAt > timeoutMs) {
      const why = `process ${pid} got SIGTERM and did not end within ${timeoutMs} ms`;
      const lastLines = tailOf([await readFrom(logfile, logBefore)], context.password);
      return { ...(await failedStep(node, context, why)), lastLines };
    }
    await pause(clock, pollMs);
    if (!refusedShutdown.test(await readFrom(logfile, logBefore))) continue;
    logBefore = await sizeOf(logfile);
    refused = sendTerm(pid);
  }
  if (refused !== undefined) return failedStep(node, context, refused);
  return { kind: 'stopped', pid, tookMs: clock.monotonic() - startedAt };
}

/** A server that is being launched: the program we called, which goes to the background itself. */
interface Launch {
  /** What it printed before it went to the background. */
  output(): string;
  /** Undefined while it runs, or has gone to the background. */
  failure(): string | undefined;
  /** True once it has gone to the background (or has ended well, which is the same to see). */
  inBackground(): boolean;
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
  let inBackground = false;
  const noteEnd = async (): Promise<void> => {
    const { exitCode, shortMessage } = await child;
    inBackground = exitCode === 0;
    if (exitCode === undefined) failure = `could not run ${program} (${shortMessage})`;
    else if (exitCode !== 0) failure = `${program} ended with exit code ${exitCode}`;
  };
  void noteEnd();
  return {
    output: () => output,
    failure: () => failure,
    inBackground: () => inBackground,
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
): Promise<
  { kind: 'ready'; pid: number } | { kind: 'not-ready'; why: string } | { kind: 'interrupted' }
> {
  const { clock, timeoutMs, signal } = context;
  const startedAt = clock.monotonic();
  let seenAliveAt = startedAt;
  for (;;) {
    const state = await inspectNode(node, context);
    if (state.kind === 'running' && state.ready) return { kind: 'ready', pid: state.pid };
    if (signal?.aborted === true) return { kind: 'interrupted' };
    const now = clock.monotonic();
    const failure = launch?.failure();
    if (failure !== undefined) return { kind: 'not-ready', why: failure };
    if (state.kind === 'running' || launch?.inBackground() === false) seenAliveAt = now;
    if (now - seenAliveAt > vanishedAfterMs) {
      return { kind: 'not-ready', why: 'it ended right after its start' };
    }
    if (now - startedAt > timeoutMs) {
      return { kind: 'not-ready', why: `it did not answer within ${timeoutMs} ms` };
    }
    await pause(context.clock, pollMs);
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

async function failedStep(
  node: NodeSpec,
  { labDir }: NodeContext,
  why: string,
): Promise<StepFailed> {
  const { conf, logfile } = nodeFiles(labDir, node);
  const path = (await sizeOf(logfile)) > 0 ? logfile : conf;
  return { kind: 'failed', why, lastLines: [], next: `less ${shellWord(path)}` };
}

/** The last lines of some texts in order; no more than a screen, and no password. */
function tailOf(texts: readonly string[], password: Secret | undefined): string[] {
  const lines = texts.join('\n').split('\n');
  const safe = lines.map((line) => blackOut(line.trimEnd(), password?.reveal()));
  return safe.filter((line) => line !== '').slice(-tailLinesLimit);
}

/** A complaint about a configuration quotes the line, in the spelling of the file. */
function blackOut(line: string, secret: string | undefined): string {
  const unquoted = line.replace(/\b(requirepass|masterauth)\b.*/i, '$1 ********');
  return secret === undefined ? unquoted : unquoted.replaceAll(secret, '********');
}

/** What a file got after `start`: whole lines, from its end if it is much; empty for no file. */
async function readFrom(path: string, start: number): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const length = Math.max(0, Math.min(size - start, tailBytesLimit));
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const text = buffer.toString();
    return length === size - start ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}

function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
