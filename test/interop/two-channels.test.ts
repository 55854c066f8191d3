/**
 * Redis 8 and Valkey 8 can bring the RDB over a connection of its own while the stream comes over
 * another. Ours has one: a replica that wishes for two is heard, and synchronised over it; as a replica
 * ours does not offer it, and masters that could use it do without.
 */
import { expect, test } from 'vitest';
import { needServer } from '../support/server-kinds.ts';
import { resourcesOf } from './support/resources.ts';
import { expectInStep, sampleData, sampleStream, useReplica, write } from './support/topology.ts';

const wishes = {
  redis8: ['--repl-rdb-channel', 'yes'],
  valkey8: ['--dual-channel-replication-enabled', 'yes'],
} as const;

const cases = (['redis8', 'valkey8'] as const).flatMap((kind) => [
  { master: 'bundled' as const, replica: kind, wish: wishes[kind], load: 'disabled' },
  { master: 'bundled' as const, replica: kind, wish: wishes[kind], load: 'swapdb' },
  { master: kind, replica: 'bundled' as const, wish: wishes[kind], load: 'disabled' },
]);

test.concurrent.for(cases)(
  '$master → $replica, which wishes for $wish (repl-diskless-load $load)',
  async ({ master: masterKind, replica: replicaKind, wish, load }, context) => {
    needServer(context, masterKind, replicaKind);
    const use = resourcesOf(context);
    const ofMaster = masterKind === 'bundled' ? [] : wish;
    const ofReplica = replicaKind === 'bundled' ? [] : wish;
    const master = await use.server(masterKind, {
      args: ['--repl-diskless-sync', 'yes', ...ofMaster],
    });
    await write(master, sampleData);
    const proxy = await use.proxy(master);
    const replica = await useReplica(use, replicaKind, proxy, {
      args: ['--repl-diskless-load', load, ...ofReplica],
    });
    await expectInStep(master, replica);
    await write(master, sampleStream);
    await expectInStep(master, replica);
    proxy.drop();
    await write(master, [['SET', 'after the cut', '1']]);
    await expectInStep(master, replica);
    expect(await master.info('sync_full')).toBe('1');
    expect(await master.info('sync_partial_ok')).toBe('1');
  },
);
