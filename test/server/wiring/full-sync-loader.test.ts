/** The RDB of a full sync goes into dicts set aside, and in place only when it is whole. */
import { describe, expect, test } from 'vitest';
import { FullSyncLoader } from '../../../src/server/wiring/full-sync-loader.ts';
import { Logger } from '../../../src/server/log.ts';
import { CollectedSnapshot, DataSet } from '../persistence/support/data-set.ts';
import { FakeClock } from '../replication/support/fake-clock.ts';

interface Rig {
  data: DataSet;
  loader: FullSyncLoader;
  log: string[];
  /** What happened, in order. */
  events: string[];
  begin: () => void;
}

function newRig(): Rig {
  const data = new DataSet();
  data.set(0, 'old', 'v');
  const log: string[] = [];
  const events: string[] = [];
  const loader = new FullSyncLoader({
    keyspace: data.keyspace,
    log: new Logger({ clock: new FakeClock(), pid: 1, write: (line) => void log.push(line) }),
    verifyChecksum: () => true,
  });
  const begin = (): void =>
    loader.begin({
      master: 'm:1',
      form: 'eof',
      sizeBytes: undefined,
      beforeReplacing: () => void events.push(`before: ${Object.keys(data.content()).length} keys`),
    });
  return { data, loader, log, events, begin };
}

function masterRdb(): { rdb: Buffer; content: Record<string, string> } {
  const master = new DataSet();
  for (let number = 0; number < 500; number++) {
    master.set(number % 3, `key:${number}`, `v${number}`);
    // What has expired is the master's to delete.
    master.expireAt(number % 3, `key:${number}`, number % 2 === 0 ? 1 : -1);
  }
  const snapshot = new CollectedSnapshot(master.keyspace);
  snapshot.finish();
  return { rdb: snapshot.bytes(), content: master.content() };
}

describe('a full sync', () => {
  test('fed in slices replaces the data set in one step', () => {
    const { data, loader, log, events, begin } = newRig();
    const { rdb, content } = masterRdb();
    begin();
    for (let at = 0; at < rdb.length; at += 100) {
      expect(Object.keys(data.content())).toEqual(['0/old']);
      loader.feed(rdb.subarray(at, at + 100));
    }
    const { dirty } = data.keyspace;
    expect(loader.end()).toEqual({ replStreamDb: 0 });
    expect(data.content()).toEqual(content);
    expect(events).toEqual(['before: 1 keys']);
    expect(log.at(-1)).toContain('Full sync from m:1: 500 keys loaded in place of 1');
    // Save points see that the file on disk is out of date.
    expect(data.keyspace.dirty - dirty).toBe(500);
  });

  test('that breaks off leaves everything as it was, and another may begin', () => {
    const { data, loader, events, begin } = newRig();
    const { rdb, content } = masterRdb();
    begin();
    loader.feed(rdb.subarray(0, rdb.length - 1));
    expect(() => loader.end()).toThrow(/ends in the middle/);
    loader.abort();
    expect([Object.keys(data.content()), events]).toEqual([['0/old'], []]);

    begin();
    const damaged = Buffer.from(rdb);
    damaged[damaged.length - 1] ^= 1;
    expect(() => loader.feed(damaged)).toThrow(/checksum/);
    loader.abort();
    expect([Object.keys(data.content()), events]).toEqual([['0/old'], []]);

    begin();
    loader.feed(rdb);
    loader.end();
    expect(data.content()).toEqual(content);
  });

  test('during a snapshot of the old data: each gets its own', () => {
    const { data, loader, begin } = newRig();
    for (let number = 0; number < 100; number++) data.set(1, `key:${number}`, 'old');
    const wanted = data.content();
    const snapshot = new CollectedSnapshot(data.keyspace);
    snapshot.step(0);
    begin();
    const { rdb, content } = masterRdb();
    loader.feed(rdb);
    loader.end();
    snapshot.step(0);
    data.set(1, 'key:0', 'newer');
    expect(snapshot.finish()).toEqual(wanted);
    expect(data.content()).toEqual({ ...content, '1/key:0': '-1 newer' });
  });

  test('with more databases than we have says which directive to raise', () => {
    const { loader, begin } = newRig();
    begin();
    const rdb = Buffer.from('REDIS0010\xfe\x09\x00\x01k\x01v', 'latin1');
    expect(() => loader.feed(rdb)).toThrow("the master has a database 9: raise 'databases' here");
    loader.abort();
  });

  test('names the database that the stream goes on with, and what was skipped, once', () => {
    const { loader, log, begin } = newRig();
    begin();
    const aux = '\xfa\x0erepl-stream-db\xc0\x02';
    const slots = '\xf4\x01\x01\x00'.repeat(16_384);
    const text = `REDIS0012${aux}\xfe\x00${slots}\xff${'\0'.repeat(8)}`;
    loader.feed(Buffer.from(text, 'latin1'));
    expect(loader.end()).toEqual({ replStreamDb: 2 });
    const lines = log.filter((line) => line.includes('kipped'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('Full sync from m:1: Skipped 16384 slot-info items of the RDB');
  });
});
