/** First synchronisation and the stream after it, between our server and the real ones. */
import { expect, test } from 'vitest';
import { needServer } from '../support/server-kinds.ts';
import { waitFor } from '../support/wait-for.ts';
import { resourcesOf } from './support/resources.ts';
import {
  expectInStep,
  pairs,
  sampleData,
  sampleStream,
  useReplica,
  write,
} from './support/topology.ts';

const forms = pairs.flatMap(
  ([master, replica]) =>
    [
      [master, replica, 'yes', 'swapdb'],
      [master, replica, 'no', 'disabled'],
    ] as const,
);

test.concurrent.for(forms)(
  '%s → %s: full sync with repl-diskless-sync %s and repl-diskless-load %s, then the stream',
  async ([masterKind, replicaKind, diskless, load], context) => {
    needServer(context, masterKind, replicaKind);
    const use = resourcesOf(context);
    const master = await use.server(masterKind, { args: ['--repl-diskless-sync', diskless] });
    await write(master, sampleData);
    const replica = await useReplica(use, replicaKind, master, {
      args: ['--repl-diskless-load', load],
    });
    await expectInStep(master, replica);
    expect(await replica.info('role')).toBe('slave');
    expect(await master.info('connected_slaves')).toBe('1');
    expect(await master.info('slave0')).toMatch(
      new RegExp(`^ip=127\\.0\\.0\\.1,port=${replica.port},state=online,`),
    );

    await write(master, sampleStream);
    await expectInStep(master, replica);
    expect(await replica.cli('SET', 'k', 'v')).toBe(
      "READONLY You can't write against a read only replica.",
    );
    // WAIT needs the replica's ACK, without a write from the master in between.
    const client = await use.client(master);
    expect(
      await client.pipeline([
        ['SET', 'waited', 'for'],
        ['WAIT', 1, 10_000],
      ]),
    ).toEqual(['OK', 1]);
  },
);

test.concurrent.for(pairs)(
  '%s → %s: writes go on during the full sync',
  async ([masterKind, replicaKind], context) => {
    needServer(context, masterKind, replicaKind);
    const use = resourcesOf(context);
    const master = await use.server(masterKind);
    await master.cli('DEBUG', 'POPULATE', 20_000, 'many', 100);
    const replica = await useReplica(use, replicaKind, master);
    const client = await use.client(master);
    let round = 0;
    await waitFor(async () => {
      round++;
      await client.pipeline(
        Array.from({ length: 200 }, (_, at) => [
          ['APPEND', `many:${(round * 200 + at) % 20_000}`, `round ${round}`],
          ['SET', `new:${round}:${at}`, 'v', 'EX', 1000],
          ['DEL', `many:${(round * 577 + at * 31) % 20_000}`],
        ]).flat(),
      );
      return (await replica.info('master_link_status')) === 'up';
    });
    await expectInStep(master, replica);
    expect(await master.info('sync_full')).toBe('1');
  },
);

test.concurrent.for(pairs)(
  '%s → %s: keys end at the same time on both',
  async ([masterKind, replicaKind], context) => {
    needServer(context, masterKind, replicaKind);
    const use = resourcesOf(context);
    const master = await use.server(masterKind);
    const replica = await useReplica(use, replicaKind, master);
    await write(master, sampleData);
    await write(
      master,
      Array.from({ length: 100 }, (_, at) => ['SET', `short:${at}`, 'v', 'PX', 1 + (at % 50)]),
    );
    await waitFor(async () => (await replica.cli('EXISTS', 'short:49', 'short:99')) === '0');
    // The replica only hides them until the master's DEL comes.
    await waitFor(async () => (await master.info('expired_keys')) === '100');
    await expectInStep(master, replica);
    expect(await replica.cli('DBSIZE')).toBe(await master.cli('DBSIZE'));
    expect(await replica.info('expired_keys')).toBe('0');
  },
);
test.concurrent('two replicas share a full sync, in both forms', async (context) => {
  const use = resourcesOf(context);
  for (const diskless of ['yes', 'no']) {
    const args = ['--repl-diskless-sync', diskless, '--repl-diskless-sync-delay', '1'];
    const master = await use.server('bundled', { args });
    await write(master, sampleData);
    const replicas = await Promise.all([1, 2].map(() => useReplica(use, 'bundled', master)));
    await expectInStep(master, ...replicas);
  }
});

test.concurrent('REPLICAOF at runtime clears what the node held; NO ONE keeps what it has', async (context) => {
  const use = resourcesOf(context);
  const [master, node] = [await use.server('bundled'), await use.server('bundled')];
  await write(master, sampleData);
  await write(node, [['SET', 'own', '1']]);
  expect(await node.cli('REPLICAOF', '127.0.0.1', master.port)).toBe('OK');
  await expectInStep(master, node);
  expect(await node.cli('EXISTS', 'own')).toBe('0');
  expect(await node.cli('REPLICAOF', 'NO', 'ONE')).toBe('OK');
  expect(await node.cli('GET', 'text')).toBe('hello');
  expect(await node.cli('SET', 'own', '2')).toBe('OK');
  expect(await node.info('role')).toBe('master');
});
