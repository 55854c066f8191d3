import { describe, expect, it } from 'vitest';
import { parseClientList } from '../../../src/instance/verbs.ts';
import {
  firstHolder,
  lockName,
  lockTopology,
  type LockOptions,
} from '../../../src/topology/change/lock.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { waitFor } from '../../support/wait-for.ts';
import { liveKinds, look, startTree } from '../live.ts';

const use = useResources();

describe('the lock of a topology', () => {
  for (const kind of liveKinds) {
    it(`is seen by others, and ends with its holder (${kind})`, async (context) => {
      needServer(context, kind);
      const { a, b } = await startTree(use, kind, { a: undefined, b: 'a' });
      const [mine, theirs] = await Promise.all([lockFrom(a.port, 'one'), lockFrom(b.port, 'two')]);
      const first = await lockTopology(mine);
      if (first.kind !== 'locked') throw new Error(`not locked: ${first.kind}`);
      use.defer(() => first.lock.release());
      expect(await lockTopology(theirs)).toMatchObject({
        kind: 'held',
        by: { changeId: 'one', who: 'anna@box' },
      });
      // Whoever was refused holds nothing back.
      expect(await b.cli('CLIENT', 'LIST')).not.toContain('repl-change:two');
      first.lock.release();
      const second = await waitFor(async () => {
        const locked = await lockTopology(theirs);
        return locked.kind === 'locked' && locked;
      });
      second.lock.release();
    });
  }

  it('is taken by one of two who come at once', async (context) => {
    needServer(context, 'redis7');
    const { a } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    for (let round = 0; round < 10; round++) {
      const options = await Promise.all(['one', 'two'].map((id) => lockFrom(a.port, id)));
      const both = await Promise.all(options.map(lockTopology));
      expect(both.map(({ kind }) => kind).sort()).toEqual(['held', 'locked']);
      for (const each of both) if (each.kind === 'locked') each.lock.release();
      await waitFor(async () => !(await a.cli('CLIENT', 'LIST')).includes('repl-change'));
    }
  });

  it('is not there without the permission to look', async (context) => {
    needServer(context, 'redis7');
    const { a } = await startTree(use, 'redis7', { a: undefined });
    const options = await lockFrom(a.port, 'one');
    await a.cli('ACL', 'SETUSER', 'default', '-client|list');
    expect(await lockTopology(options)).toMatchObject({
      kind: 'failed',
      failure: { message: expect.stringContaining('NOPERM') },
    });
  });
});

async function lockFrom(port: number, id: string): Promise<LockOptions> {
  const { topology, connect } = await look({ port } as Parameters<typeof look>[0]);
  return { topology, connect, clock: systemClock, id, who: 'anna@box' };
}

describe('who holds it', () => {
  it('is whoever came first, whatever the order of the list', () => {
    const clients = parseClientList(
      `id=12 addr=1 name=${lockName('b', 'x y')} age=3\nid=9 addr=2 name=${lockName('a', 'z')} age=5\nid=3 name= age=1\n`,
    );
    expect(firstHolder(clients)).toEqual({ id: 9, name: 'repl-change:a:z', ageSeconds: 5 });
    expect(clients.map(({ name }) => name)).toEqual(['repl-change:b:x_y', 'repl-change:a:z', '']);
  });
});
