/** A disk that takes writes and fails to sync them, and then syncs again. */
import type * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { AofWriter } from '../../../src/server/persistence/aof-writer.ts';
import { useResources } from '../../support/resources.ts';
import { waitFor } from '../../support/wait-for.ts';
import { AofRig } from './support/aof-rig.ts';

const disk = vi.hoisted(() => ({ fails: false }));

vi.mock('node:fs', async (load) => {
  const actual = await load<typeof fs>();
  return {
    ...actual,
    fdatasync: (fd: number, done: (error: Error | null) => void) =>
      disk.fails
        ? setImmediate(done, new Error('EIO: i/o error, fdatasync'))
        : actual.fdatasync(fd, done),
  };
});

const use = useResources();

test('a failed sync is told of, and tried again although nothing new is written', async () => {
  const states: string[] = [];
  const path = join(await use.tempDir(), 'incr.aof');
  const writer = new AofWriter(path, 0, {
    onStatus: (error) => void states.push(error === null ? 'ok' : error.message),
    onSynced: () => void states.push('synced'),
  });
  writer.append(Buffer.from('x'), 0, 1);
  writer.writeNow();
  disk.fails = true;
  for (const failures of [1, 2]) {
    writer.sync();
    await waitFor(() => states.length === failures && !writer.syncing, { what: 'the sync' });
  }
  expect(states).toEqual(['EIO: i/o error, fdatasync', 'EIO: i/o error, fdatasync']);
  disk.fails = false;
  writer.sync();
  await waitFor(() => states.includes('ok'), { what: 'the sync to go through' });
  expect(states.slice(2)).toEqual(['synced', 'ok']);
  writer.close();
});

test('a rewrite, which goes on in another file, ends what was wrong with the last one', async () => {
  const rig = new AofRig(await use.tempDir());
  await rig.aof.start();
  disk.fails = true;
  rig.set('k', 'v');
  rig.rig.clock.advance(1000);
  rig.aof.cron();
  await waitFor(() => !rig.aof.lastWriteOk, { what: 'the sync to fail' });
  disk.fails = false;
  await rig.rewrite();
  expect([rig.statuses, rig.aof.lastWriteOk]).toEqual([[false, true], true]);
  rig.aof.disable();
});
