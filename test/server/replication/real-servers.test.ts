/** Replication with real servers on the other end, in both roles. */
import { describe, expect, it } from 'vitest';
import { realKinds } from '../../support/real-servers.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { TcpNode } from './support/tcp-world.ts';
import { startTcpNode } from './support/tcp-world.ts';

const use = useResources();

/** No saving, and full syncs without delay. */
const fast = ['--save', '', '--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];

async function untilUp(node: TcpNode): Promise<void> {
  await waitFor(() => node.toy.replication.linkState === 'connected', {
    what: () => `the link to be up:\n${node.toy.log.join('\n')}`,
  });
}

async function untilLinked(server: TestServer): Promise<void> {
  await waitFor(async () => (await server.info('master_link_status')) === 'up', {
    what: () => `the link to be up:\n${server.log()}`,
  });
}

describe.each(realKinds)('a master of kind %s', (kind) => {
  it.for([
    ['streamed', 'yes'],
    ['saved', 'no'],
  ])(
    'sends us a %s RDB and the stream, and resumes after a break',
    async ([, diskless], context) => {
      needServer(context, kind);
      const master = await use.server(kind, { args: [...fast, '--repl-diskless-sync', diskless] });
      await master.cli('debug', 'populate', 20_000, 'key', 100);
      const node = await use.add(startTcpNode());
      node.toy.replicaof(master.port);
      await untilUp(node);
      expect(node.toy.rdb.length).toBeGreaterThan(20_000 * 10);
      await master.cli('set', 'a', '1');
      await waitFor(() => node.toy.data[0].get('a') === '1');

      await master.cli('client', 'kill', 'type', 'replica');
      await master.cli('set', 'b', '2');
      await waitFor(() => node.toy.data[0].get('b') === '2');
      expect(await master.info('sync_full')).toBe('1');
      expect(await master.info('sync_partial_ok')).toBe('1');

      await master.cli('wait', 1, 5000);
      const line = await waitFor(async () => {
        const offset = await master.info('master_repl_offset');
        const slave = await master.info('slave0');
        return slave.includes(`offset=${offset}`) && slave;
      });
      expect(line).toContain(`port=${node.toy.port},state=online`);
      expect(node.toy.replication.masterReplid).toBe(await master.info('master_replid'));
    },
  );

  it('wants a password, and we say what is missing', async (context) => {
    needServer(context, kind);
    const master = await use.server(kind, { args: fast, password: 'secret' });
    const without = await use.add(startTcpNode());
    without.toy.replicaof(master.port);
    await waitFor(() => without.toy.logged('masterauth is not set but the master asks for'));
    without.toy.settings.masterauth = 'secret';
    await untilUp(without);
    expect(await master.info('connected_slaves')).toBe('1');
  });
});

describe.each(realKinds)('a replica of kind %s', (kind) => {
  it.for([
    ['streamed', true],
    ['saved', false],
  ] as const)(
    'takes a %s RDB and the stream from us, and resumes',
    async ([, replDisklessSync], context) => {
      needServer(context, kind);
      const node = await use.add(startTcpNode({ replDisklessSync, replPingReplicaPeriodSec: 1 }));
      const replica = await use.server(kind, { args: fast });
      await replica.cli('set', 'old', '1');
      await replica.cli('replicaof', '127.0.0.1', node.toy.port);
      await untilLinked(replica);
      expect(await replica.cli('exists', 'old')).toBe('0');
      for (let index = 0; index < 1000; index++) node.toy.set(`k${index}`, 'x'.repeat(1000), 3);
      const { replication } = node.toy;
      await waitFor(() => replication.countReplicasAt(replication.masterReplOffset) === 1);
      expect(await replica.info('db3')).toContain('keys=1000');

      await replica.cli('client', 'kill', 'type', 'master');
      node.toy.set('after', '1');
      await waitFor(async () => (await replica.cli('get', 'after')) === '1');
      expect(replication.counters).toMatchObject({ syncFull: 1, syncPartialOk: 1 });
      expect(await replica.info('master_replid')).toBe(replication.masterReplid);
      expect(node.toy.info('slave0')).toContain(`port=${replica.port},state=online`);
    },
  );

  it('follows a chain through us, and a promotion in the middle', async (context) => {
    needServer(context, kind);
    const top = await use.server(kind, { args: fast });
    const middle = await use.add(startTcpNode());
    const low = await use.server(kind, { args: fast });
    middle.toy.replicaof(top.port);
    await untilUp(middle);
    await low.cli('replicaof', '127.0.0.1', middle.toy.port);
    await untilLinked(low);
    await top.cli('set', 'a', '1');
    await waitFor(async () => (await low.cli('get', 'a')) === '1');
    await waitFor(
      async () => (await low.info('master_repl_offset')) === (await top.info('master_repl_offset')),
    );
    middle.toy.replication.noOne();
    middle.toy.set('b', '2');
    await waitFor(async () => (await low.cli('get', 'b')) === '2');
    expect(await low.info('master_replid2')).toBe(await top.info('master_replid'));
    await top.cli('replicaof', '127.0.0.1', middle.toy.port);
    await waitFor(async () => (await top.cli('get', 'b')) === '2');
    expect(middle.toy.replication.counters).toMatchObject({ syncFull: 1, syncPartialOk: 2 });
  });
});
