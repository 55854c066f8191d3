/** Replicas of replicas, and one of them made master, with real servers in between. */
import { expect, test } from 'vitest';
import { needServer, type ServerKind } from '../support/server-kinds.ts';
import type { TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { resourcesOf } from './support/resources.ts';
import {
  canFollow,
  expectInStep,
  patient,
  sampleData,
  sampleStream,
  useReplica,
  write,
} from './support/topology.ts';

const chains = (
  [
    ['bundled', 'bundled', 'bundled'],
    ['bundled', 'redis7', 'bundled'],
    ['redis7', 'bundled', 'redis7'],
    ['redis8', 'bundled', 'redis8'],
    ['valkey8', 'bundled', 'valkey8'],
    ['redis7', 'bundled', 'redis8'],
    ['redis7', 'bundled', 'valkey8'],
    ['bundled', 'redis8', 'bundled'],
    ['bundled', 'valkey8', 'bundled'],
  ] as const
).filter(([top, middle, bottom]) => canFollow(middle, top) && canFollow(bottom, middle));

const identity = (server: TestServer): Promise<string[]> =>
  Promise.all(['master_replid', 'master_repl_offset'].map((field) => server.info(field)));

/** A key that expires may still move the offsets of one after the other. */
async function expectOneHistory(...servers: TestServer[]): Promise<void> {
  let seen: string[] = [];
  const same = async (): Promise<boolean> => {
    seen = (await Promise.all(servers.map(identity))).map(String);
    return new Set(seen).size === 1;
  };
  await waitFor(same, { what: () => `one history: ${seen.join(' | ')}` });
}

test.concurrent.for(chains)(
  '%s → %s → %s: one history all the way down; the middle made master keeps data and replica',
  patient,
  async (kinds, context) => {
    const [top, middle, bottom] = await startChain(context, kinds);
    await write(top, sampleStream);
    await expectInStep(top, middle, bottom);
    await expectOneHistory(top, middle, bottom);
    // GETACK and PING are part of the stream as well.
    const client = await top.connect();
    expect(
      await client.pipeline([
        ['SET', 'a', '1'],
        ['WAIT', 1, 10_000],
      ]),
    ).toEqual(['OK', 1]);
    await expectInStep(top, middle, bottom);
    await expectOneHistory(top, middle, bottom);

    const [replid, offset] = await identity(middle);
    await middle.cli('REPLICAOF', 'NO', 'ONE');
    expect(await middle.info('role')).toBe('master');
    expect(await middle.info('master_replid2')).toBe(replid);
    expect(await middle.info('second_repl_offset')).toBe(String(Number(offset) + 1));
    await write(middle, [['FLUSHALL'], ...sampleData, ...sampleStream]);
    await expectInStep(middle, bottom);
    // The old top follows: it has nothing that the new master lacks, so no copy is needed.
    await top.cli('REPLICAOF', '127.0.0.1', middle.port);
    await waitFor(async () => (await top.info('role')) === 'slave');
    await expectInStep(middle, top, bottom);
    expect(await middle.info('sync_full')).toBe('1');
    expect((await identity(top))[0]).toBe((await identity(middle))[0]);
  },
);

test.concurrent('siblings follow the promoted one without a full copy', async (context) => {
  needServer(context, 'redis7');
  const use = resourcesOf(context);
  const master = await use.server('bundled', { args: ['--repl-ping-replica-period', '3600'] });
  await write(master, sampleData);
  const heir = await useReplica(use, 'bundled', master);
  const siblings = [
    await useReplica(use, 'bundled', master),
    await useReplica(use, 'redis7', master),
  ];
  await expectInStep(master, heir, ...siblings);
  await heir.cli('REPLICAOF', 'NO', 'ONE');
  for (const node of [...siblings, master]) {
    await node.cli('REPLICAOF', '127.0.0.1', heir.port);
  }
  await write(heir, sampleStream);
  await expectInStep(heir, ...siblings, master);
  expect(await heir.info('sync_full')).toBe('0');
  expect(await heir.info('sync_partial_ok')).toBe('3');
});

async function startChain(
  context: Parameters<typeof needServer>[0],
  kinds: readonly [ServerKind, ServerKind, ServerKind],
): Promise<[TestServer, TestServer, TestServer]> {
  needServer(context, ...kinds);
  const use = resourcesOf(context);
  // PINGs would move the offsets between one INFO and the next.
  const options = { args: ['--repl-ping-replica-period', '3600'] };
  const top = await use.server(kinds[0], options);
  await write(top, sampleData);
  const middle = await useReplica(use, kinds[1], top, options);
  await expectInStep(top, middle);
  const bottom = await useReplica(use, kinds[2], middle, options);
  await expectInStep(top, middle, bottom);
  return [top, middle, bottom];
}
