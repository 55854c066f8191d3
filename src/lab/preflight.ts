/**
 * Can this lab be made here? Asked before anything is written; everything that stands in the way is
 * collected, so that the user mends it in one go. Called by the init command. It looks, and binds
 * each port for a moment; it changes nothing.
 */
import { stat } from 'node:fs/promises';
import { createServer, isIP } from 'node:net';
import { join } from 'node:path';
import { loadSpec, specFileName } from '../topology/spec.ts';
import { shellWord } from '../util/shell-word.ts';
import { findEngine } from './engine.ts';
import { inspectNode } from './node-state.ts';
import type { Refusal } from './refusal.ts';
import type { LabPlan } from './scaffold.ts';

/** All reasons not to write the lab; none when it can be written. `force` may replace a lab. */
export async function preflight(plan: LabPlan, { force }: { force: boolean }): Promise<Refusal[]> {
  const bindRefusals = plan.bind.filter((address) => !isBindWord(address)).map(invalidBind);
  if (bindRefusals.length > 0) return bindRefusals;
  const engine = await findEngine(plan.spec.engine);
  const engineRefusals = engine.kind === 'missing' ? [engine.refusal] : [];
  const places = await checkPlaces(plan, force);
  // The nodes of a running lab hold its ports: one message about that is enough.
  if (places.some(({ kind }) => kind === 'lab-running' || kind === 'lab-exists')) {
    return [...engineRefusals, ...places];
  }
  return [...engineRefusals, ...places, ...(await checkPorts(plan))];
}

/** An IP address, perhaps with `-` for "if this machine has it", or `*` for all [Redis]. */
function isBindWord(word: string): boolean {
  return word === '*' || isIP(word.replace(/^-/, '')) !== 0;
}

function invalidBind(word: string): Refusal {
  return {
    kind: 'invalid-bind',
    message: `"${word}" is not an address to listen on`,
    hint: 'give IP addresses of this machine: --bind 127.0.0.1,192.168.1.5',
  };
}

/** Is the place in the file system free, or ours to replace? */
async function checkPlaces({ labDir, spec }: LabPlan, force: boolean): Promise<Refusal[]> {
  const there = await checkLab(labDir, { force });
  if (there !== undefined) return there;
  if (force) return [];
  const taken: Refusal[] = [];
  for (const { dir } of spec.nodes) {
    if (await exists(join(labDir, dir))) taken.push(directoryTaken(join(labDir, dir)));
  }
  return taken;
}

/** Reasons not to replace the lab that is there; undefined where there is none. */
export async function checkLab(
  labDir: string,
  { force }: { force: boolean },
): Promise<Refusal[] | undefined> {
  if (!(await exists(join(labDir, specFileName)))) return undefined;
  return force ? checkRunning(labDir) : [labExists(labDir)];
}

async function checkRunning(labDir: string): Promise<Refusal[]> {
  const old = await loadSpec(labDir).catch(() => undefined); // A broken inventory may be replaced.
  const states = await Promise.all(
    (old?.nodes ?? []).map(async (node) => ({
      node,
      state: await inspectNode(node, { labDir, password: old?.password }),
    })),
  );
  const running = states.filter(({ state }) => state.kind === 'running');
  if (running.length === 0) return [];
  const names = running.map(({ node }) => node.name).join(', ');
  return [
    {
      kind: 'lab-running',
      message: `nodes of the lab in ${labDir} are running: ${names}`,
      hint: `repl stop --lab ${shellWord(labDir)}`,
    },
  ];
}

function labExists(labDir: string): Refusal {
  return {
    kind: 'lab-exists',
    message: `there is a lab in ${labDir} already`,
    hint: 'repl start runs it; --force writes its files anew, --dir DIR makes another one elsewhere',
  };
}

function directoryTaken(path: string): Refusal {
  return {
    kind: 'directory-taken',
    message: `${path} exists, and there is no ${specFileName} beside it that says what it is`,
    hint: 'choose another place with --dir DIR; --force writes into it and deletes nothing',
  };
}

/** Is somebody there, or may we not listen there? */
export async function checkPorts({
  spec,
  bind,
}: Pick<LabPlan, 'spec' | 'bind'>): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for (const address of bind) {
    for (const { port } of spec.nodes) {
      const code = await tryToBind(address.replace(/^-/, ''), port);
      // `-::1` means "if this machine has it" [Redis].
      if (code === undefined || (address.startsWith('-') && code === 'EADDRNOTAVAIL')) continue;
      refusals.push(bindRefusal(code, address, port));
    }
  }
  return onePerPort(refusals);
}

/** Undefined when the port is free, otherwise the system's error code. */
function tryToBind(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    // Without a host Node listens on all addresses, which is what `*` means.
    const host = address === '*' ? {} : { host: address };
    server.listen({ port, ...host }, () => server.close(() => resolve(undefined)));
  });
}

function bindRefusal(code: string, address: string, port: number): Refusal {
  if (code === 'EADDRINUSE') {
    return {
      kind: 'port-taken',
      message: `port ${port} is taken: something listens on ${address}:${port} already`,
      hint: `stop it, or choose another port (who it is: ss -ltnp 'sport = :${port}')`,
    };
  }
  if (code === 'EACCES') {
    const message = `port ${port} may not be used by you`;
    return { kind: 'port-taken', message, hint: 'ports below 1024 belong to root; choose others' };
  }
  return {
    kind: 'address-missing',
    message: `this machine has no address ${address} (${code})`,
    hint: 'bind to an address of this machine: --bind 127.0.0.1',
  };
}

/** The same words about several addresses or ports are said once. */
function onePerPort(refusals: readonly Refusal[]): Refusal[] {
  return refusals.filter(
    ({ message }, index) => refusals.findIndex((other) => other.message === message) === index,
  );
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
