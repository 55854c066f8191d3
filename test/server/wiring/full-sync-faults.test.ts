/**
 * RDBs that are not what they should be, in each of the three ways of loading: cut off at any byte,
 * damaged at any byte, of a version to come. None of it may be taken for data, and the next full sync
 * must find everything in order.
 */
import { describe, expect, test } from 'vitest';
import { useResources } from '../../support/resources.ts';
import { masterRdb, newSyncRig, type SyncRig, type Way, ways } from './support/sync-rig.ts';

const use = useResources();

const { rdb, content } = masterRdb(12);

/** What may stand there after a failure: the old data, or where these are dropped first, none. */
const afterFailure: Record<Way, readonly string[][]> = {
  swapdb: [['0/old']],
  'on-empty-db': [[]],
  // The file is looked through only once the old data are gone, as Redis does it.
  disabled: [['0/old'], []],
};

async function rigFor(way: Way): Promise<SyncRig> {
  return newSyncRig(await use.tempDir(), way, way === 'on-empty-db' ? {} : { old: 'v' });
}

/** Loads `bytes`; undefined when that went well, else what was said. */
async function load({ loader, begin }: SyncRig, bytes: Buffer): Promise<string | undefined> {
  try {
    begin();
    await loader.feed(bytes);
    await loader.end();
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    loader.abort(message);
    return message;
  }
}

async function expectRefused(
  sync: SyncRig,
  way: Way,
  bytes: Buffer,
  what: string,
): Promise<string> {
  const { rig, data } = sync;
  const message = await load(sync, bytes);
  expect({
    what,
    refused: message !== undefined,
    leftOvers: rig.files().filter((name) => name.startsWith('temp-')),
    loading: rig.loading.kind,
  }).toEqual({ what, refused: true, leftOvers: [], loading: 'none' });
  expect(afterFailure[way]).toContainEqual(Object.keys(data.content()));
  // The next one begins with the data that were there before.
  data.keyspace.flush(data.keyspace.databases);
  if (way !== 'on-empty-db') data.set(0, 'old', 'v');
  return String(message);
}

describe.each(ways)('with repl-diskless-load %s', (way) => {
  test('an RDB that is cut off at any byte is refused', async () => {
    const sync = await rigFor(way);
    for (let length = 0; length < rdb.length; length++) {
      const said = await expectRefused(sync, way, rdb.subarray(0, length), `${length} bytes`);
      expect(said).not.toBe('');
    }
    expect(await load(sync, rdb)).toBeUndefined();
    expect(sync.data.content()).toEqual(content);
  });

  test('an RDB with any one byte changed is refused', async () => {
    const sync = await rigFor(way);
    for (let at = 0; at < rdb.length; at++) {
      const damaged = Buffer.from(rdb);
      damaged[at] ^= 1 << (at % 8);
      // A checksum of zero means that there is none: that is the one change that is not noticed.
      if (damaged.subarray(-8).every((byte) => byte === 0)) continue;
      await expectRefused(sync, way, damaged, `byte ${at}`);
    }
    expect(await load(sync, rdb)).toBeUndefined();
    expect(sync.data.content()).toEqual(content);
  });

  test('an RDB of a version to come, and what is none at all, are refused by name', async () => {
    const sync = await rigFor(way);
    const newer = Buffer.concat([Buffer.from('REDIS0099'), rdb.subarray(9)]);
    expect(await expectRefused(sync, way, newer, 'REDIS0099')).toMatch(/version 99/);
    const other = Buffer.from('HTTP/1.1 200 OK\r\n\r\n<html></html>');
    expect(await expectRefused(sync, way, other, 'a web page')).not.toBe('');
  });
});
