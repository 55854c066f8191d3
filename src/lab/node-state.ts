/**
 * Is this node running, and which process is it? Never decided by a process name: the server on the
 * node's port says which configuration file it was started with, and where it cannot say, the pid
 * in the pidfile counts only if that process's command line fits. Used by preflight and lab.
 */
import { readFile, realpath } from 'node:fs/promises';
import type { Secret } from '../instance/secret.ts';
import type { NodeSpec } from '../topology/spec.ts';
import { nodeFiles, type NodeFiles } from './node-files.ts';
import { pingServer, type PingOutcome } from './redis-ping.ts';

/** A server of ours on this machine answers within this time, or is busy with something long. */
const pingTimeoutMs = 1000;

export type NodeState =
  /** `ready` when it answers; otherwise it is starting, loading, or hangs. */
  | { readonly kind: 'running'; readonly pid: number; readonly ready: boolean }
  /** `stalePidfile`: it did not end by itself, or somebody killed it. */
  | { readonly kind: 'stopped'; readonly stalePidfile: boolean }
  /** Another process sits on the node's port. */
  | { readonly kind: 'port-taken'; readonly by: string };

/** What is true of the node now. Never throws for what it finds. */
export async function inspectNode(
  node: NodeSpec,
  { labDir, password }: { readonly labDir: string; readonly password: Secret | undefined },
): Promise<NodeState> {
  const files = nodeFiles(labDir, node);
  const { host, port } = node;
  const ping = await pingServer({ host, port, password, timeoutMs: pingTimeoutMs });
  const claimed = ping.kind === 'up' ? ping.pid : undefined;
  if (ping.kind === 'up' && claimed !== undefined && (await isOurs(ping.configFile, files))) {
    return { kind: 'running', pid: claimed, ready: !ping.loading };
  }
  const pid = await readPidfile(files.pidfile);
  if (pid !== undefined && (await isNodeProcess(pid, { files, port }))) {
    return { kind: 'running', pid, ready: isReady(ping, pid) };
  }
  if (ping.kind === 'closed') return { kind: 'stopped', stalePidfile: pid !== undefined };
  return { kind: 'port-taken', by: describeStranger(ping) };
}

/** True while a process of that id exists and is not just a dead child that nobody waits for. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return !/\) Z /.test(stat);
}

/** A server that wants another password than ours, or hides INFO, is up all the same. */
function isReady(ping: PingOutcome, pid: number): boolean {
  if (ping.kind !== 'up') return ping.kind === 'locked';
  return !ping.loading && (ping.pid === undefined || ping.pid === pid);
}

async function isOurs(configFile: string | undefined, { conf }: NodeFiles): Promise<boolean> {
  if (configFile === undefined) return false;
  return (await resolveLinks(configFile)) === (await resolveLinks(conf));
}

/**
 * Redis shows its address as its command line, ours the path of its configuration. Where there is
 * no /proc, nobody can tell, and the process is not ours to signal.
 */
async function isNodeProcess(
  pid: number,
  { files, port }: { files: NodeFiles; port: number },
): Promise<boolean> {
  if (!(await isAlive(pid))) return false;
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const words = text.split(/[\0 ]+/);
  return text.includes(files.conf) || words.some((word) => word.endsWith(`:${port}`));
}

async function readPidfile(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const pid = Number(text.trim());
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

function resolveLinks(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

function describeStranger(ping: PingOutcome): string {
  if (ping.kind === 'locked') return 'a Redis that does not accept the password of this lab';
  if (ping.kind !== 'up') return 'a program that does not answer as Redis does';
  const pid = ping.pid === undefined ? '' : `, pid ${ping.pid}`;
  return `another Redis (${ping.configFile ?? 'without a configuration file'}${pid})`;
}
