/** The RDB of a full sync, in each of the three ways that repl-diskless-load knows. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { useResources } from '../../support/resources.ts';
import { CollectedSnapshot, contentOfRdb } from '../persistence/support/data-set.ts';
import { feed, masterRdb, newSyncRig, type SyncRig, type Way, ways } from './support/sync-rig.ts';

const use = useResources();

const newRig = async (way: Way, old?: Record<string, string>): Promise<SyncRig> =>
  newSyncRig(await use.tempDir(), way, old);

describe.each(ways)('a full sync with repl-diskless-load %s', (way) => {
  test('replaces the data set, and serves the old one until the new one is here', async () => {
    const { rig, data, loader, log, events, begin } = await newRig(way);
    const { rdb, content } = masterRdb();
    begin();
    await feed(loader, rdb);
    expect(Object.keys(data.content())).toEqual(['0/old']);
    expect(await loader.end()).toEqual({ replStreamDb: 0 });
    expect(data.content()).toEqual(content);
    expect(events[0]).toBe('before: 1 keys');
    expect(log.at(-1)).toContain('Full sync from m:1: 500 keys loaded in place of 1');
    expect(rig.loadings).toEqual([way === 'swapdb' ? 'aside' : 'exclusive', 'none']);
  });

  test('fills a server that holds nothing', async () => {
    const { rig, data, loader, begin } = await newRig(way, {});
    const { rdb, content } = masterRdb();
    begin();
    await feed(loader, rdb);
    await loader.end();
    expect(data.content()).toEqual(content);
    expect(rig.loading.kind).toBe('none');
  });

  test('that breaks off leaves everything as it was, and another may begin', async () => {
    const { rig, data, loader, events, begin } = await newRig(way);
    const { rdb, content } = masterRdb();
    begin();
    await feed(loader, rdb.subarray(0, rdb.length / 2));
    loader.abort('it broke off');
    expect([Object.keys(data.content()), events]).toEqual([['0/old'], []]);
    expect(rig.loading.kind).toBe('none');
    begin();
    await feed(loader, rdb);
    await loader.end();
    expect(data.content()).toEqual(content);
    expect(rig.files().filter((name) => name.startsWith('temp-'))).toEqual([]);
  });

  test('keeps what it has from an empty master when told so', async () => {
    const { data, loader, settings, events, begin } = await newRig(way);
    settings.replicaProtectData = true;
    begin();
    await feed(loader, masterRdb(0).rdb);
    await expect(loader.end()).rejects.toThrow(/the master has no keys, this replica has 1/);
    loader.abort('it broke off');
    expect([Object.keys(data.content()), events, loader.refusals]).toEqual([['0/old'], [], 1]);
    begin();
    await feed(loader, masterRdb(1).rdb);
    await loader.end();
    expect(Object.keys(data.content())).toEqual(['0/key:0']);
  });
});

describe('a damaged RDB', () => {
  const { rdb } = masterRdb();
  const damaged = Buffer.from(rdb);
  damaged[damaged.length - 1] ^= 1;

  test('leaves the old data with swapdb', async () => {
    const { data, loader, begin } = await newRig('swapdb');
    begin();
    expect(() => loader.feed(damaged)).toThrow(/checksum/);
    loader.abort('it broke off');
    expect(Object.keys(data.content())).toEqual(['0/old']);
  });

  test.each(['on-empty-db', 'disabled'] as const)(
    'leaves nothing half loaded with %s',
    async (way) => {
      const { rig, data, loader, begin } = await newRig(
        way,
        way === 'disabled' ? { old: 'v' } : {},
      );
      begin();
      const load = async (): Promise<void> => {
        await loader.feed(damaged);
        await loader.end();
      };
      await expect(load()).rejects.toThrow(/checksum/);
      loader.abort('it broke off');
      expect(data.content()).toEqual({});
      expect(rig.loading.kind).toBe('none');
    },
  );
});

describe('by way of the disk', () => {
  test('the RDB becomes the data file, whatever was being saved', async () => {
    const { rig, loader, events, begin } = await newRig('disabled');
    writeFileSync(rig.persistence.dataFile.path, 'an older one');
    rig.persistence.bgsave();
    const { rdb, content } = masterRdb();
    begin();
    await feed(loader, rdb);
    await loader.end();
    expect(contentOfRdb(readFileSync(rig.persistence.dataFile.path))).toEqual(content);
    expect(events).toEqual(['before: 1 keys', 'file loaded']);
    expect(rig.persistence.inProgress).toBe(false);
  });

  test('it goes again where rdb-del-sync-files says so', async () => {
    const { rig, loader, dataFile, begin } = await newRig('disabled');
    dataFile.mustGo = true;
    begin();
    await feed(loader, masterRdb().rdb);
    await loader.end();
    expect(rig.files()).toEqual([]);
  });

  test('a disk that cannot be written ends it', async () => {
    const { rig, data, loader, begin } = await newRig('disabled');
    rig.settings.dir = `${rig.settings.dir}/gone`;
    const load = async (): Promise<void> => {
      begin();
      await loader.feed(masterRdb().rdb);
      await loader.end();
    };
    await expect(load()).rejects.toThrow(/ENOENT/);
    loader.abort('it broke off');
    expect(Object.keys(data.content())).toEqual(['0/old']);
  });
});

describe('aside', () => {
  test('a snapshot of the old data goes on: each gets its own', async () => {
    const { data, loader, begin } = await newRig('swapdb', {});
    for (let number = 0; number < 100; number++) data.set(1, `key:${number}`, 'old');
    const wanted = data.content();
    const snapshot = new CollectedSnapshot(data.keyspace);
    snapshot.step(0);
    begin();
    const { rdb, content } = masterRdb();
    await loader.feed(rdb);
    const { dirty } = data.keyspace;
    await loader.end();
    // Save points see that the file on disk is out of date.
    expect(data.keyspace.dirty - dirty).toBe(500);
    snapshot.step(0);
    data.set(1, 'key:0', 'newer');
    expect(snapshot.finish()).toEqual(wanted);
    expect(data.content()).toEqual({ ...content, '1/key:0': '-1 newer' });
  });

  test('more databases than we have: it says which directive to raise', async () => {
    const { loader, begin } = await newRig('swapdb');
    begin();
    const rdb = Buffer.from('REDIS0010\xfe\x09\x00\x01k\x01v', 'latin1');
    expect(() => loader.feed(rdb)).toThrow("the master has a database 9: raise 'databases' here");
    loader.abort('it broke off');
  });

  test('names the database that the stream goes on with, and what was skipped, once', async () => {
    const { loader, log, begin } = await newRig('swapdb');
    begin();
    const aux = '\xfa\x0erepl-stream-db\xc0\x02';
    const slots = '\xf4\x01\x01\x00'.repeat(16_384);
    const text = `REDIS0012${aux}\xfe\x00${slots}\xff${'\0'.repeat(8)}`;
    await loader.feed(Buffer.from(text, 'latin1'));
    expect(await loader.end()).toEqual({ replStreamDb: 2 });
    const lines = log.filter((line) => line.includes('kipped'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('Skipped 16384 slot-info items of the RDB');
  });
});
