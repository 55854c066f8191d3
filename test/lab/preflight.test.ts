/** Everything that stands in the way of a lab is found before anything is written. */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startNodes } from '../../src/lab/lab.ts';
import { preflight } from '../../src/lab/preflight.ts';
import { planLab, type LabPlan, type LabWishes } from '../../src/lab/scaffold.ts';
import { systemClock } from '../../src/util/clock.ts';
import { freePort } from '../support/free-port.ts';
import { useResources } from '../support/resources.ts';
import { makeLabOnDisk } from './lab-on-disk.ts';

const use = useResources();

async function planOf(change: Partial<LabWishes> = {}): Promise<LabPlan> {
  return planLab({
    labDir: await use.tempDir(),
    ports: [{ port: await freePort(), upstreamPort: undefined }],
    engine: 'bundled',
    password: undefined,
    bind: ['127.0.0.1'],
    ...change,
  });
}

async function refusalsOf(plan: LabPlan, force = false): Promise<string[]> {
  return (await preflight(plan, { force })).map(({ kind, message }) => `${kind}: ${message}`);
}

/** Listens until the test is over. */
async function occupy(host?: string): Promise<number> {
  const port = await freePort();
  const server = createServer();
  use.defer(() => server.close());
  await new Promise<void>((resolve) => void server.listen({ port, host }, resolve));
  return port;
}

test('nothing in the way', async () => {
  expect(await refusalsOf(await planOf())).toEqual([]);
  expect(await refusalsOf(await planOf({ bind: ['*'] }))).toEqual([]);
  // An address that may be missing, as `-` says.
  expect(await refusalsOf(await planOf({ bind: ['127.0.0.1', '-203.0.113.9'] }))).toEqual([]);
});

test('a port that is taken, each once', async () => {
  const port = await occupy();
  const ports = [{ port, upstreamPort: undefined }];
  const taken = [
    `port-taken: port ${port} is taken: something listens on 127.0.0.1:${port} already`,
  ];
  expect(await refusalsOf(await planOf({ ports }))).toEqual(taken);
  expect(await refusalsOf(await planOf({ ports, bind: ['127.0.0.1', '127.0.0.1'] }))).toEqual(
    taken,
  );
});

test('an address that this machine does not have, and what is no address', async () => {
  expect(await refusalsOf(await planOf({ bind: ['203.0.113.9'] }))).toEqual([
    'address-missing: this machine has no address 203.0.113.9 (EADDRNOTAVAIL)',
  ]);
  expect(await refusalsOf(await planOf({ bind: ['localhost', '1.2.3'] }))).toEqual([
    'invalid-bind: "localhost" is not an address to listen on',
    'invalid-bind: "1.2.3" is not an address to listen on',
  ]);
});

test('several things at once', async () => {
  const port = await occupy('127.0.0.1');
  const ports = [{ port, upstreamPort: undefined }];
  const refusals = await refusalsOf(await planOf({ ports, engine: '/nonexistent' }));
  expect(refusals.map((text) => text.split(':')[0])).toEqual(['engine-missing', 'port-taken']);
});

test('a directory of a node that is there already, unless forced', async () => {
  const plan = await planOf();
  await mkdir(join(plan.labDir, plan.spec.nodes[0].dir));
  expect(await refusalsOf(plan)).toEqual([expect.stringMatching(/^directory-taken: /)]);
  expect(await refusalsOf(plan, true)).toEqual([]);
});

test('a lab that is there already, and with force one that runs', async () => {
  const lab = await makeLabOnDisk(use, { kind: 'bundled' });
  const plan = { labDir: lab.dir, spec: lab.spec, bind: ['127.0.0.1'] };
  expect(await refusalsOf(plan)).toEqual([`lab-exists: there is a lab in ${lab.dir} already`]);
  expect(await refusalsOf(plan, true)).toEqual([]);
  await startNodes(lab, lab.spec.nodes, { clock: systemClock });
  expect(await refusalsOf(plan, true)).toEqual([
    `lab-running: nodes of the lab in ${lab.dir} are running: ${lab.spec.nodes[0].name}`,
  ]);
});

test('a broken inventory may be replaced', async () => {
  const plan = await planOf();
  await writeFile(join(plan.labDir, 'repl.yaml'), '][');
  expect(await refusalsOf(plan, true)).toEqual([]);
});
