/** A master with a password: what the replica does and says with the right one, a wrong one, none. */
import { expect, test } from 'vitest';
import { needServer } from '../support/server-kinds.ts';
import { waitFor } from '../support/wait-for.ts';
import { resourcesOf } from './support/resources.ts';
import { expectInStep, pairs, sampleData, useReplica, write } from './support/topology.ts';

test.concurrent.for(pairs)(
  '%s → %s: masterauth opens the door',
  async ([masterKind, replicaKind], context) => {
    needServer(context, masterKind, replicaKind);
    const use = resourcesOf(context);
    const master = await use.server(masterKind, { password: 'p' });
    await write(master, sampleData);
    const replica = await useReplica(use, replicaKind, master, { password: 'p' });
    await expectInStep(master, replica);
  },
);
const refusals = [
  { args: [], says: /NOAUTH.*masterauth|masterauth.*NOAUTH/s },
  { args: ['--masterauth', 'wrong'], says: /WRONGPASS.*masterauth|masterauth.*WRONGPASS/s },
  { args: ['--masterauth', 'p', '--masteruser', 'nobody'], says: /WRONGPASS/ },
];
const cases = (['bundled', 'redis7'] as const).flatMap((masterKind) =>
  refusals.map((refusal) => ({ masterKind, ...refusal })),
);

test.concurrent.for(cases)(
  'a replica of $masterKind with $args is told why, and mended at runtime',
  async ({ masterKind, args, says }, context) => {
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
