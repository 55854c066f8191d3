/** SAVE, BGSAVE, save points and loading, on a real directory with a clock that stands still. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useResources } from '../../support/resources.ts';
import { waitFor } from '../../support/wait-for.ts';
import { PersistenceRig } from './support/persistence-rig.ts';

const use = useResources();
const newRig = async (): Promise<PersistenceRig> => new PersistenceRig(await use.tempDir());

const whenIdle = (rig: PersistenceRig): Promise<true> =>
  waitFor(() => !rig.persistence.inProgress, { what: 'the save to end' });

describe('SAVE', () => {
  test('writes a file that only its owner reads, and nothing else', async () => {
    const rig = await newRig();
    rig.fill(1000);
    rig.clock.advance(5000);
    expect(rig.persistence.save()).toBe(null);
    expect(rig.saved()).toEqual(rig.data.content());
    expect(rig.files()).toEqual(['dump.rdb']);
    expect(statSync(rig.persistence.dataFile.path).mode & 0o777).toBe(0o600);
    expect(rig.data.keyspace.dirty).toBe(0);
    expect(rig.persistence.lastSaveSec).toBe(rig.clock.now() / 1000);
    expect(rig.persistence.saves).toBe(1);
  });

  test.each(['the directory is gone', 'the file is a directory'])(
    'fails when %s, leaves nothing behind, and works again afterwards',
    async (how) => {
      const rig = await newRig();
      rig.fill(100);
      const undo = spoil(rig, how);
      expect(rig.persistence.save()).toBe('ERR');
      expect(rig.log.at(-1)).toMatch(/# Saving .*dump\.rdb failed: /);
      // Whoever asked has the error: no gate closes. [Redis 7.0]
      expect([rig.persistence.lastBgsaveOk, rig.statuses]).toEqual([true, []]);
      expect(rig.data.keyspace.dirty).toBe(100);
      undo();
      expect(rig.persistence.save()).toBe(null);
      expect(rig.files()).toEqual(['dump.rdb']);
      expect(rig.saved()).toEqual(rig.data.content());
    },
  );

  test('a failure keeps the old file', async () => {
    const rig = await newRig();
    rig.fill(10);
    rig.persistence.save();
    const wanted = rig.data.content();
    rig.fill(20, 'new');
    rig.settings.dir = join(rig.settings.dir, 'not-there');
    expect(rig.persistence.save()).toBe('ERR');
    rig.settings.dir = join(rig.settings.dir, '..');
    expect(rig.saved()).toEqual(wanted);
  });
});

describe('BGSAVE', () => {
  test('saves what there was at its start while writes go on', async () => {
    const rig = await newRig();
    rig.fill(20_000);
    const wanted = rig.data.content();
    expect(rig.persistence.bgsave()).toEqual({ kind: 'started' });
    expect(rig.persistence.snapshots.progress).toEqual({ processed: 0, total: 20_000 });
    rig.fill(5000, 'new');
    rig.clock.advance(3000);
    expect(rig.persistence.currentBgsaveSec).toBe(3);
    await whenIdle(rig);
    expect(rig.saved()).toEqual(wanted);
    expect(rig.files()).toEqual(['dump.rdb']);
    expect(statSync(rig.persistence.dataFile.path).mode & 0o777).toBe(0o600);
    // Those written meanwhile are not saved yet.
    expect(rig.data.keyspace.dirty).toBe(5000);
    expect([rig.persistence.lastBgsaveSec, rig.persistence.currentBgsaveSec]).toEqual([3, -1]);
    expect(rig.statuses).toEqual([true]);
  });

  test('one at a time; SCHEDULE waits only for a snapshot that is no save', async () => {
    const rig = await newRig();
    rig.fill(10);
    const busy = { kind: 'refused', error: 'ERR Background save already in progress' };
    rig.persistence.bgsave();
    expect(rig.persistence.bgsave()).toEqual(busy);
    expect(rig.persistence.bgsave({ schedule: true })).toEqual(busy);
    expect(rig.persistence.save()).toBe(busy.error);
    await whenIdle(rig);

    const sync = rig.persistence.snapshots.start({
      purpose: 'rdb',
      aux: [],
      sink: (_block, release) => release(),
      mayGoOn: () => false,
      onWalked: () => undefined,
      onFailed: () => undefined,
    });
    expect(rig.persistence.bgsave()).toEqual(busy);
    expect(rig.persistence.bgsave({ schedule: true })).toEqual({ kind: 'scheduled' });
    rig.persistence.cron();
    expect(rig.persistence.saves).toBe(1);
    rig.persistence.snapshots.abort(sync);
    rig.persistence.cron();
    await whenIdle(rig);
    expect(rig.persistence.saves).toBe(2);
  });

  test.each(['the directory is gone', 'the file is a directory'])(
    'fails when %s, closes the gates, leaves nothing behind, and recovers',
    async (how) => {
      const rig = await newRig();
      rig.fill(5000);
      const undo = spoil(rig, how);
      rig.persistence.bgsave();
      await whenIdle(rig);
      expect([rig.persistence.lastBgsaveOk, rig.statuses]).toEqual([false, [false]]);
      expect(rig.log.at(-1)).toMatch(/# Background saving error: /);
      expect(rig.data.keyspace.dirty).toBe(5000);
      expect(rig.files()).toEqual(how === 'the directory is gone' ? [] : ['dump.rdb']);
      undo();
      rig.persistence.bgsave();
      await whenIdle(rig);
      expect([rig.persistence.lastBgsaveOk, rig.statuses]).toEqual([true, [false, true]]);
      expect(rig.saved()).toEqual(rig.data.content());
    },
  );

  test('is broken off before going down: its taker is told, no file stays, saving works', async () => {
    const rig = await newRig();
    rig.fill(50_000);
    const ends: string[] = [];
    rig.persistence.startDiskSnapshot([], (end) => void ends.push(end.kind));
    rig.persistence.abortAll('the server is shutting down');
    // Gone at once: the process may end now.
    expect(rig.files()).toEqual([]);
    expect([ends, rig.persistence.inProgress]).toEqual([['failed'], false]);
    expect(rig.persistence.save()).toBe(null);
    rig.fill(10, 'new');
    rig.persistence.bgsave();
    await whenIdle(rig);
    await waitFor(() => rig.files().length === 1);
    expect(rig.saved()).toEqual(rig.data.content());
    // That the save was called off says nothing about the disk.
    expect([ends, rig.statuses]).toEqual([['failed'], [true, true]]);
  });

  test('is broken off when all data goes; that it is gone is saved at once with save points', async () => {
    const rig = await newRig();
    rig.fill(50_000);
    rig.persistence.bgsave();
    rig.data.keyspace.flush(rig.data.keyspace.databases);
    rig.persistence.dataSetEmptied();
    expect([rig.persistence.inProgress, rig.files()]).toEqual([false, []]);
    expect(rig.data.keyspace.dirty).toBe(50_000);
    rig.settings.save = [{ seconds: 60, changes: 1 }];
    rig.persistence.bgsave();
    rig.persistence.dataSetEmptied();
    expect(rig.saved()).toEqual(rig.data.content());
    expect(rig.data.keyspace.dirty).toBe(0);
  });

  test('the taker gets the very file that was saved, also when another save follows', async () => {
    const rig = await newRig();
    rig.fill(10);
    const size = await new Promise<number>((resolve, reject) => {
      rig.persistence.startDiskSnapshot([], (end) => {
        if (end.kind === 'failed') return reject(end.error);
        const before = statSync(rig.persistence.dataFile.path).size;
        rig.fill(1000);
        rig.persistence.save();
        expect(statSync(rig.persistence.dataFile.path).size).toBeGreaterThan(before);
        return resolve(
          end.file.stat().then((stat) => end.file.close().then(() => stat.size - before)),
        );
      });
    });
    expect(size).toBe(0);
  });
});

describe('a snapshot for a full sync', () => {
  test('that is broken off by going down tells its taker', async () => {
    const rig = await newRig();
    rig.fill(10);
    const failures: string[] = [];
    rig.persistence.snapshots.start({
      purpose: 'rdb',
      aux: [],
      sink: (_block, release) => release(),
      mayGoOn: () => false,
      onWalked: () => undefined,
      onFailed: (error) => void failures.push(error.message),
    });
    rig.persistence.abortAll('the server is shutting down');
    expect(failures).toEqual(['the server is shutting down']);
    expect(rig.persistence.save()).toBe(null);
  });
});

describe('save points', () => {
  test('save after so many changes in so many seconds', async () => {
    const rig = await newRig();
    rig.settings.save = [
      { seconds: 900, changes: 1 },
      { seconds: 60, changes: 100 },
    ];
    rig.fill(99);
    rig.clock.advance(61_000);
    rig.persistence.cron();
    expect(rig.persistence.inProgress).toBe(false);
    rig.data.set(0, 'one more', 'v');
    rig.persistence.cron();
    expect(rig.log.join('')).toContain('* 100 changes in 60 seconds. Saving...\n');
    await whenIdle(rig);
    expect(rig.saved()).toEqual(rig.data.content());
    rig.data.set(0, 'yet another', 'v');
    rig.clock.advance(900_000);
    rig.persistence.cron();
    expect(rig.persistence.inProgress).toBe(false);
    rig.clock.advance(1000);
    rig.persistence.cron();
    expect(rig.persistence.inProgress).toBe(true);
    await whenIdle(rig);
  });

  test('a failed one is tried again, but not at once', async () => {
    const rig = await newRig();
    rig.settings.save = [{ seconds: 1, changes: 1 }];
    rig.fill(1);
    rig.clock.advance(2000);
    const undo = spoil(rig, 'the directory is gone');
    rig.persistence.cron();
    await whenIdle(rig);
    undo();
    rig.clock.advance(5000);
    rig.persistence.cron();
    expect(rig.persistence.inProgress).toBe(false);
    rig.clock.advance(1000);
    rig.persistence.cron();
    await whenIdle(rig);
    expect([rig.persistence.lastBgsaveOk, rig.persistence.saves]).toEqual([true, 2]);
  });
});

describe('loading', () => {
  test('gives back what was saved, without what has expired meanwhile', async () => {
    const rig = await newRig();
    rig.fill(100);
    rig.data.expireAt(0, 'key:0', rig.clock.now() - 1);
    rig.data.expireAt(0, 'key:3', rig.clock.now() + 1000);
    const all = rig.data.content();
    rig.persistence.save();

    const again = new PersistenceRig(rig.settings.dir);
    const expired: string[] = [];
    const facts = await again.persistence.dataFile.load(true, (dbId, key) => {
      expired.push(`${dbId}/${key.toString()}`);
    });
    expect(expired).toEqual(['0/key:0']);
    expect([facts?.keysLoaded, facts?.keysExpired]).toEqual([99, 1]);
    const { '0/key:0': gone, ...left } = all;
    expect(gone).toBeDefined();
    expect(again.data.content()).toEqual(left);
    expect(again.log.at(-1)).toMatch(
      /\* DB loaded from disk: [\d.]+ seconds, 99 keys, 1 expired\n/,
    );

    const replica = new PersistenceRig(rig.settings.dir);
    await replica.persistence.dataFile.load(false);
    expect(replica.data.content()).toEqual(all);
  });

  test('lets others run between the slices, who find the server loading', async () => {
    const rig = await newRig();
    rig.fill(1000);
    rig.persistence.save();
    const again = new PersistenceRig(rig.settings.dir);
    const seen: number[] = [];
    const look = (): void => {
      if (again.loading.kind !== 'exclusive') return;
      seen.push(again.loading.loadedBytes);
      setImmediate(look);
    };
    const loaded = again.persistence.dataFile.load(true);
    setImmediate(look);
    await loaded;
    expect(seen.length).toBeGreaterThan(3);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(again.loading.totalBytes).toBeGreaterThan(seen.at(-1) ?? 0);
    expect(again.loadings).toEqual(['exclusive', 'none']);
    expect(again.data.content()).toEqual(rig.data.content());
  });

  test('tells the log how far it is, every few seconds', async () => {
    const rig = await newRig();
    rig.loading.begin('exclusive', 4000);
    const slices = [500, 500, 1000, 1000];
    for (const [at, bytes] of slices.entries()) {
      rig.clock.advance(2500);
      void rig.loading.advance(bytes, (at + 1) * 10);
    }
    const lines = rig.log.filter((line) => line.includes('Loading: '));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('Loading: 1000 bytes, 25.00%, 20 keys or commands so far');
    expect(lines[1]).toContain('Loading: 3000 bytes, 75.00%, 40 keys or commands so far');
    rig.loading.end();
  });

  test('without a file there is nothing to load', async () => {
    const rig = await newRig();
    expect(await rig.persistence.dataFile.load(true)).toBe(null);
  });

  test('refuses a damaged file, with the place and what to do', async () => {
    const rig = await newRig();
    rig.fill(100);
    rig.persistence.save();
    const { path } = rig.persistence.dataFile;
    const good = readFileSync(path);
    const damages: [bytes: Buffer, says: RegExp][] = [
      [good.subarray(0, good.length - 9), /ends in the middle .* at byte \d+/],
      [Buffer.from([...good.subarray(0, -1), good[good.length - 1] ^ 1]), /checksum/],
      [Buffer.from('this is no RDB'), /no RDB signature/],
      [Buffer.from('REDIS0099rest'), /RDB version 99/],
      [Buffer.alloc(0), /ends in the middle/],
    ];
    for (const [bytes, says] of damages) {
      writeFileSync(path, bytes);
      const load = (): Promise<unknown> =>
        new PersistenceRig(rig.settings.dir).persistence.dataFile.load(true);
      await expect(load()).rejects.toThrow(says);
      await expect(load()).rejects.toThrow(
        /^The data file .*dump\.rdb is damaged: .* move the file away/,
      );
    }
  });

  test('a file with more databases than we have says which directive to raise', async () => {
    const rig = await newRig();
    writeFileSync(
      rig.persistence.dataFile.path,
      Buffer.from('REDIS0010\xfe\x09\x00\x01k\x01v', 'latin1'),
    );
    await expect(rig.persistence.dataFile.load(true)).rejects.toThrow(
      /has a database 9: raise 'databases'/,
    );
  });

  test('logs what it skips once a kind', async () => {
    const rig = await newRig();
    const slotInfo = '\xf4\x01\x01\x00';
    const text = `REDIS0012\xfe\x00${slotInfo.repeat(5000)}\x00\x01k\x01v\xff${'\0'.repeat(8)}`;
    writeFileSync(rig.persistence.dataFile.path, Buffer.from(text, 'latin1'));
    expect((await rig.persistence.dataFile.load(true))?.keysLoaded).toBe(1);
    const lines = rig.log.filter((line) => line.includes('kipped'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('Skipped 5000 slot-info items of the RDB');
  });
});

test('what a crashed process left half written is removed, and only that', async () => {
  const rig = await newRig();
  const dead = 2 ** 22 + 1; // No Linux gives this process id.
  const stale = [
    `temp-${dead}.rdb`,
    `temp-${dead}-dump.rdb`,
    `temp-${dead}.7-dump.rdb`,
    `temp-${process.pid}.1-dump.rdb`,
  ];
  const kept = [
    `temp-${process.ppid}.1-dump.rdb`,
    `temp-${process.pid}.rdb`,
    `temp-${dead}-other.rdb`,
  ];
  for (const name of [...stale, ...kept]) writeFileSync(join(rig.settings.dir, name), '');
  rig.persistence.dataFile.removeLeftovers();
  expect(rig.files()).toEqual(kept.toSorted());
  expect(rig.log).toHaveLength(4);
  rig.settings.dir = join(rig.settings.dir, 'not-there');
  rig.persistence.dataFile.removeLeftovers();
});

/** Makes saving impossible, also for root; returns how to make it possible again. */
function spoil(rig: PersistenceRig, how: string): () => void {
  const path = how === 'the directory is gone' ? rig.settings.dir : rig.persistence.dataFile.path;
  if (how === 'the directory is gone') {
    rmSync(path, { recursive: true });
    return () => mkdirSync(path);
  }
  mkdirSync(join(path, 'not empty'), { recursive: true });
  return () => rmSync(path, { recursive: true });
}
