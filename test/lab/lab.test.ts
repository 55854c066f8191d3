/** Nodes as processes: started, awaited, stopped, and never anybody else's process. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  chooseNodes,
  openLab,
  requireEngine,
  startNodes,
  stopNodes,
  type Lab,
} from '../../src/lab/lab.ts';
import { nodeFiles } from '../../src/lab/node-files.ts';
import { inspectNode } from '../../src/lab/node-state.ts';
import { startNode, stopNode, type NodeContext } from '../../src/lab/process.ts';
import { systemClock } from '../../src/util/clock.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import { waitFor } from '../support/wait-for.ts';
import { labKinds, labPassword, makeLabOnDisk } from './lab-on-disk.ts';

const use = useResources();
const options = { clock: systemClock };

/** What became of each node, in order. */
const kindsOf = (results: { outcome: { kind: string } }[]): string[] =>
  results.map(({ outcome }) => outcome.kind);

const contextOf = (lab: Lab, timeoutMs = 20_000): NodeContext => ({
  labDir: lab.dir,
  password: lab.spec.password,
  clock: systemClock,
  timeoutMs,
});

const filesOf = (lab: Lab): ReturnType<typeof nodeFiles> => nodeFiles(lab.dir, lab.spec.nodes[0]);

test('a copy of a lab does not run on the data of the first one, and says how it is mended', async (context) => {
  needServer(context, 'bundled');
  const first = await makeLabOnDisk(use, { kind: 'bundled', nodes: 1 });
  const dir = join(await use.tempDir(), 'a copy');
  await cp(first.dir, dir, { recursive: true });
  const copy = await openLab(dir);
  use.defer(() => stopNodes(copy, copy.spec.nodes, options));
  const start = async (): Promise<{ kind: string; why?: string; next?: string }> => {
    const [{ outcome }] = await startNodes(copy, copy.spec.nodes, options);
    return outcome;
  };
  const refused = await start();
  expect(refused).toMatchObject({ kind: 'failed' });
  expect(refused.why).toContain(`dir ${filesOf(first).dir}, which is in another lab`);
  expect(spawnSync('sh', ['-c', refused.next ?? '']).status).toBe(0);
  expect(await start()).toMatchObject({ kind: 'started' });
  expect(await readFile(filesOf(copy).conf, 'utf8')).not.toContain(first.dir);
});

describe.each(labKinds)('%s', (kind) => {
  test('starts, answers, stops; both twice', async (context) => {
    needServer(context, kind);
    const lab = await makeLabOnDisk(use, { kind, nodes: 3 });
    const { nodes } = lab.spec;
    const order: string[] = [];
    const onStep = (node: { name: string }, outcome: unknown): void => {
      if (outcome !== undefined) order.push(node.name);
    };

    expect(kindsOf(await startNodes(lab, nodes, { ...options, onStep }))).toEqual(
      Array(3).fill('started'),
    );
    expect(order[0]).toBe(nodes[0].name);
    for (const node of nodes) {
      const pid = Number(await readFile(nodeFiles(lab.dir, node).pidfile, 'utf8'));
      expect(await inspectNode(node, contextOf(lab))).toEqual({
        kind: 'running',
        pid,
        ready: true,
      });
    }
    expect(kindsOf(await startNodes(lab, nodes, options))).toEqual(
      Array(3).fill('already-running'),
    );

    order.length = 0;
    expect(kindsOf(await stopNodes(lab, nodes, { ...options, onStep }))).toEqual(
      Array(3).fill('stopped'),
    );
    expect(order[2]).toBe(nodes[0].name);
    expect(kindsOf(await stopNodes(lab, nodes, options))).toEqual(Array(3).fill('not-running'));
  });

  test('a node that does not come up: why, and its last lines without the password', async (context) => {
    needServer(context, kind);
    const lab = await makeLabOnDisk(use, { kind });
    await appendFile(filesOf(lab).conf, `requirepass "${labPassword}" too many\n`);
    const [{ outcome }] = await startNodes(lab, lab.spec.nodes, options);
    expect(outcome).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('ended with exit code 1') as string,
    });
    const lines = outcome.kind === 'failed' ? outcome.lastLines.join('\n') : '';
    expect(lines).toMatch(/requirepass \*{8}/);
    expect(lines).not.toContain('word');
  });

  test('an abort ends the wait, and begins no other node', async (context) => {
    needServer(context, kind);
    const lab = await makeLabOnDisk(use, { kind, nodes: 2 });
    const stop = new AbortController();
    const { signal } = stop;
    const aborting = { ...options, signal, onStep: () => stop.abort() };
    const started = await startNodes(lab, lab.spec.nodes, aborting);
    expect(kindsOf(started)).toEqual(['interrupted']);
    expect(kindsOf(await startNodes(lab, lab.spec.nodes, { ...options, signal }))).toEqual([]);
  });

  test('a node killed the hard way leaves a pidfile, and starts again', async (context) => {
    needServer(context, kind);
    const lab = await makeLabOnDisk(use, { kind });
    const [node] = lab.spec.nodes;
    const started = await startNode(node, await requireEngine(lab), contextOf(lab));
    const pid = started.kind === 'started' ? started.pid : 0;
    process.kill(pid, 'SIGKILL');
    // A killed process can hold its port for a moment after it has lost its name.
    await waitFor(async () => (await inspectNode(node, contextOf(lab))).kind === 'stopped', {
      what: 'the node to be gone',
    });
    expect(await inspectNode(node, contextOf(lab))).toEqual({
      kind: 'stopped',
      stalePidfile: true,
    });
    expect(await stopNode(node, contextOf(lab))).toEqual({
      kind: 'not-running',
      stalePidfile: true,
    });
    expect(kindsOf(await startNodes(lab, [node], options))).toEqual(['started']);
  });

  test('a node is known without its pidfile, and with another password', async (context) => {
    needServer(context, kind);
    const lab = await makeLabOnDisk(use, { kind });
    const [node] = lab.spec.nodes;
    await startNodes(lab, [node], options);
    const other = { labDir: lab.dir, password: undefined };
    expect(await inspectNode(node, other)).toMatchObject({ kind: 'running', ready: true });
    await rm(filesOf(lab).pidfile);
    expect(await inspectNode(node, contextOf(lab))).toMatchObject({ kind: 'running', ready: true });
    expect(await stopNode(node, contextOf(lab))).toMatchObject({ kind: 'stopped' });
  });

  test('a node that hangs is not ended within the limit, and said so', async (context) => {
    needServer(context, kind);
    const lab = await makeLabOnDisk(use, { kind });
    const [node] = lab.spec.nodes;
    const started = await startNode(node, await requireEngine(lab), contextOf(lab));
    const pid = started.kind === 'started' ? started.pid : 0;
    process.kill(pid, 'SIGSTOP');
    use.defer(() => process.kill(pid, 'SIGCONT'));
    expect(await stopNode(node, contextOf(lab, 100))).toMatchObject({
      kind: 'failed',
      why: `process ${pid} got SIGTERM and did not end within 100 ms`,
    });
  });
});

test("a pidfile that names somebody else's process does no harm to it", async () => {
  const lab = await makeLabOnDisk(use, { kind: 'bundled' });
  const [node] = lab.spec.nodes;
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  use.defer(() => stranger.kill('SIGKILL'));
  await once(stranger, 'spawn');
  await writeFile(filesOf(lab).pidfile, `${stranger.pid}\n`);
  expect(await stopNode(node, contextOf(lab))).toEqual({ kind: 'not-running', stalePidfile: true });
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
});

test('a stranger on the port is neither ours to start beside nor to stop', async () => {
  const lab = await makeLabOnDisk(use, { kind: 'bundled' });
  const [node] = lab.spec.nodes;
  const stranger = await use.server('bundled', { port: node.port });
  expect(await startNode(node, await requireEngine(lab), contextOf(lab))).toMatchObject({
    kind: 'failed',
    why: expect.stringMatching(/another Redis .* sits on port/) as string,
    next: `ss -ltnp 'sport = :${node.port}'`,
  });
  expect(await stopNode(node, contextOf(lab))).toMatchObject({ kind: 'not-running' });
  expect(stranger.running).toBe(true);
});

test('a node that did not get as far as its log points to its file', async () => {
  const lab = await makeLabOnDisk(use, { kind: 'bundled' });
  await rm(filesOf(lab).dir, { recursive: true });
  expect(
    await startNode(lab.spec.nodes[0], await requireEngine(lab), contextOf(lab)),
  ).toMatchObject({ kind: 'failed', next: `less '${filesOf(lab).conf}'` });
});

test('a program that cannot be run is a failure with its reason', async () => {
  const lab = await makeLabOnDisk(use, { kind: 'bundled' });
  const outcome = await startNode(lab.spec.nodes[0], ['/nonexistent/server'], contextOf(lab));
  expect(outcome).toMatchObject({
    why: expect.stringContaining('could not run /nonexistent/server') as string,
  });
});

test('an engine that this machine lacks is said before anything starts', async () => {
  const lab = await makeLabOnDisk(use, { kind: 'bundled' });
  const started = startNodes(lab, lab.spec.nodes, { ...options, engine: '/nonexistent' });
  await expect(started).rejects.toThrow('there is no program /nonexistent');
});

test('nodes are chosen by name or port, in the order of the inventory', async () => {
  const { dir } = await makeLabOnDisk(use, { kind: 'bundled', nodes: 3 });
  const lab = await openLab(dir);
  const [first, , third] = lab.spec.nodes;
  expect(chooseNodes(lab, [])).toEqual(lab.spec.nodes);
  expect(chooseNodes(lab, [String(third.port), first.name, third.name])).toEqual([first, third]);
  expect(() => chooseNodes(lab, ['nobody'])).toThrow('there is no node nobody in this lab');
});
