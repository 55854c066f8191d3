/** Broken links: what a short break costs, what a long one does, and a master that dies. */
import { expect, test } from 'vitest';
import { needServer } from '../support/server-kinds.ts';
import type { TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { resourcesOf } from './support/resources.ts';
import {
  expectInStep,
  pairs,
  patient,
  sampleData,
  sampleStream,
  useReplica,
  write,
} from './support/topology.ts';

const counters = (master: TestServer): Promise<string[]> =>
  Promise.all(['sync_full', 'sync_partial_ok'].map((field) => master.info(field)));

const linkDown = (replica: TestServer): Promise<true> =>
  waitFor(async () => (await replica.info('master_link_status')) === 'down');

test.concurrent.for(pairs)(
  '%s → %s: a break within the backlog is made good, a longer one means a full copy',
  patient,
  async ([masterKind, replicaKind], context) => {
    needServer(context, masterKind, replicaKind);
    const use = resourcesOf(context);
    const master = await use.server(masterKind, { args: ['--repl-backlog-size', '65536'] });
    await write(master, sampleData);
    const proxy = await use.proxy(master);
    const replica = await useReplica(use, replicaKind, proxy);
    await expectInStep(master, replica);
    expect(await counters(master), `full and partial syncs of:\n${master.log()}`).toEqual([
      '1',
      '0',
    ]);

    await proxy.cut();
    await linkDown(replica);
    await write(master, sampleStream);
    await proxy.restore();
    await expectInStep(master, replica);
    expect(await counters(master)).toEqual(['1', '1']);

    // In the middle of a command, which must be neither lost nor done twice.
    proxy.limit(30, { direction: 'toClient', afterwards: 'drop' });
    await write(master, [
      ['INCR', 'counter'],
      ['APPEND', 'text', 'x'.repeat(1000)],
    ]);
    await expectInStep(master, replica);
    expect(await counters(master)).toEqual(['1', '2']);

    await proxy.cut();
    await linkDown(replica);
    await write(master, [['SET', 'larger than the backlog', 'y'.repeat(100_000)]]);
    await proxy.restore();
    await expectInStep(master, replica);
    expect(await counters(master)).toEqual(['2', '2']);
  },
);

test.concurrent.for(pairs)(
  '%s → %s: a master that dies: the replica keeps role and data, and resumes',
  patient,
  async ([masterKind, replicaKind], context) => {
    needServer(context, masterKind, replicaKind);
    const use = resourcesOf(context);
    const master = await use.server(masterKind);
    await write(master, sampleData);
    const replica = await useReplica(use, replicaKind, master);
    await expectInStep(master, replica);
    await master.cli('SAVE');
    const digest = await replica.cli('DEBUG', 'DIGEST');
    await master.kill9();
    await linkDown(replica);
    expect(await replica.info('role')).toBe('slave');
    expect(await replica.cli('GET', 'text')).toBe('hello');
    expect(await replica.cli('SET', 'k', 'v')).toMatch(/^READONLY/);
    expect(await replica.cli('DEBUG', 'DIGEST')).toBe(digest);
    await master.restart();
    await expectInStep(master, replica);
    await write(master, sampleStream);
    await expectInStep(master, replica);
  },
);
test.concurrent('a replica that restarts with its file goes on where it was', async (context) => {
  const use = resourcesOf(context);
  const master = await use.server('bundled');
  await write(master, sampleData);
  const replica = await useReplica(use, 'bundled', master);
  await expectInStep(master, replica);
  await replica.cli('SAVE');
  await write(master, sampleStream);
  await replica.kill9();
  await replica.restart();
  await expectInStep(master, replica);
  expect(await counters(master)).toEqual(['1', '1']);
});

test.concurrent('a full sync that is cut in the middle leaves the old data, and starts again', async (context) => {
  const use = resourcesOf(context);
  const master = await use.server('bundled');
  await master.cli('DEBUG', 'POPULATE', 20_000, 'many', 100);
  const proxy = await use.proxy(master);
  const replica = await use.server('bundled');
  await write(replica, [['SET', 'own', '1']]);
  proxy.limit(500_000, { direction: 'toClient', afterwards: 'stall' });
  await replica.cli('REPLICAOF', '127.0.0.1', proxy.port);
  await waitFor(async () => Number(await replica.info('master_sync_read_bytes')) > 300_000);
  expect(await replica.cli('GET', 'own')).toBe('1');
  await proxy.cut();
  await linkDown(replica);
  expect(await replica.cli('DBSIZE')).toBe('1');
  proxy.resume();
  await proxy.restore();
  await expectInStep(master, replica);
  expect(await replica.cli('DBSIZE')).toBe('20000');
});
