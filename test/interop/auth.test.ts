/** A master with a password: what the replica does and says with the right one, a wrong one, none. */
import { describe, expect, test } from 'vitest';
import { needServer } from '../support/server-kinds.ts';
import { waitFor } from '../support/wait-for.ts';
import { resourcesOf } from './support/resources.ts';
import { expectInStep, pairs, sampleData, useReplica, write } from './support/topology.ts';

describe.concurrent.for(pairs)('%s → %s', ([masterKind, replicaKind]) => {
  test('masterauth opens the door', async (context) => {
    needServer(context, masterKind, replicaKind);
    const use = resourcesOf(context);
    const master = await use.server(masterKind, { password: 'p' });
    await write(master, sampleData);
    const replica = await useReplica(use, replicaKind, master, { password: 'p' });
    await expectInStep(master, replica);
  });
});

describe.concurrent.for(['bundled', 'redis7'] as const)(
  'a replica of %s that is not let in',
  (masterKind) => {
    test.for([
      [[], /NOAUTH.*masterauth|masterauth.*NOAUTH/s],
      [['--masterauth', 'wrong'], /WRONGPASS.*masterauth|masterauth.*WRONGPASS/s],
      [['--masterauth', 'p', '--masteruser', 'nobody'], /WRONGPASS/],
    ] as const)(
      '%j is explained in the log, and mended at runtime',
      async ([args, says], context) => {
        needServer(context, masterKind);
        const use = resourcesOf(context);
        const master = await use.server(masterKind, { password: 'p' });
        await write(master, sampleData);
        const replica = await useReplica(use, 'bundled', master, { args });
        await waitFor(() => says.test(replica.log()), { what: () => `${says}: ${replica.log()}` });
        expect(await replica.info('master_link_status')).toBe('down');
        // The password itself is not shown.
        expect(replica.log()).not.toMatch(/wrong\b/);
        await replica.cli('CONFIG', 'SET', 'masterauth', 'p', 'masteruser', '');
        await waitFor(async () => (await replica.info('master_link_status')) === 'up');
      },
    );
  },
);
