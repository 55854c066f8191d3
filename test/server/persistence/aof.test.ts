/** The append-only file over its life, on a real directory: rewrites, numbers, syncs, its end. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { useResources } from '../../support/resources.ts';
import { waitFor } from '../../support/wait-for.ts';
import { AofRig } from './support/aof-rig.ts';

const use = useResources();

async function started(settings: ConstructorParameters<typeof AofRig>[1] = {}): Promise<AofRig> {
  return start(await use.tempDir(), settings);
}

async function start(
  dir: string,
  settings: ConstructorParameters<typeof AofRig>[1] = {},
): Promise<AofRig> {
  const rig = new AofRig(dir, settings);
  await rig.aof.start();
  onTestFinished(() => rig.aof.disable());
  return rig;
}

const base = (seq: number, type = 'b'): string =>
  `file appendonly.aof.${seq}.base.rdb seq ${seq} type ${type}`;
const incr = (seq: number, type = 'i'): string =>
  `file appendonly.aof.${seq}.incr.aof seq ${seq} type ${type}`;

describe('rewriting', () => {
  test('each that fails leaves one increment more, and the data set whole', async () => {
    const rig = await started();
    rig.blockBase(2);
    for (let failures = 1; failures <= 2; failures++) {
      rig.set(`key:${failures}`, 'v');
      await rig.rewrite();
      expect([rig.aof.rewriter.lastOk, rig.aof.rewriter.consecutiveFailures]).toEqual([
        false,
        failures,
      ]);
    }
    rig.set('last', 'v');
    expect(rig.manifest()).toEqual([base(1), incr(1), incr(2), incr(3)]);
    const again = await start(rig.settings.dir);
    expect(again.loaded).toEqual(['set key:1 v', 'set key:2 v', 'set last v']);
    rig.unblockBase(2);
    await rig.rewrite();
    expect(rig.manifest()).toEqual([base(2), incr(4)]);
    expect(rig.files()).toEqual([
      'appendonly.aof.2.base.rdb',
      'appendonly.aof.4.incr.aof',
      'appendonly.aof.manifest',
    ]);
    expect([rig.aof.rewriter.lastOk, rig.aof.rewriter.consecutiveFailures]).toEqual([true, 0]);
  });

  test('that has failed often rests longer and longer, but for a user who asks', async () => {
    const rig = await started({ autoAofRewritePercentage: 1 });
    rig.blockBase(2);
    rig.set('k', 'v');
    rig.aof.cron();
    await rig.idle();
    expect(rig.aof.rewriter.consecutiveFailures).toBe(1);
    // Not at once again, but after a second.
    rig.aof.cron();
    expect(rig.aof.rewriter.inProgress).toBe(false);
    for (const seconds of [1, 1]) {
      rig.rig.clock.advance(seconds * 1000);
      rig.aof.cron();
      expect(rig.aof.rewriter.inProgress).toBe(true);
      await rig.idle();
    }
    expect(rig.logged('triggered the limit, will retry in 1 minutes')).toBe(1);
    rig.rig.clock.advance(59_000);
    rig.aof.cron();
    expect(rig.aof.rewriter.inProgress).toBe(false);
    rig.rig.clock.advance(1000);
    rig.aof.cron();
    await rig.idle();
    expect(rig.logged('triggered the limit, will retry in 2 minutes')).toBe(1);
    expect(rig.manifest()).toEqual([base(1), ...[1, 2, 3, 4, 5].map((seq) => incr(seq))]);
    rig.unblockBase(2);
    expect(rig.aof.bgrewriteaof({ later: false })).toBe('started');
    expect(rig.aof.bgrewriteaof({ later: false })).toBe('in-progress');
    await rig.idle();
    expect(rig.manifest()).toEqual([base(2), incr(6)]);
    // Over that, the file has begun to grow anew.
    rig.aof.cron();
    expect(rig.aof.rewriter.inProgress).toBe(false);
  });

  test('begins by itself when the file has grown by so much, and is so large', async () => {
    const rig = await started({ autoAofRewritePercentage: 100, autoAofRewriteMinSize: 4096 });
    const { aof } = rig;
    const grow = (bytes: number): void => rig.feed(`${'x'.repeat(bytes - 1)}\n`);
    grow(4096 - aof.currentSizeBytes);
    aof.cron();
    expect(aof.rewriter.inProgress).toBe(false);
    grow(1);
    aof.cron();
    expect(aof.rewriter.inProgress).toBe(true);
    await rig.idle();
    expect(aof.rewriter.count).toBe(1);
    rig.rig.fill(20_000);
    await rig.rewrite();
    const before = aof.baseSizeBytes;
    expect(before).toBeGreaterThan(100_000);
    grow(before - 1);
    aof.cron();
    expect(aof.rewriter.inProgress).toBe(false);
    grow(1);
    aof.cron();
    expect(aof.rewriter.inProgress).toBe(true);
    expect(rig.logged('Starting automatic rewriting of AOF on 100% growth')).toBe(1);
    await rig.idle();
  });

  test('waits for a BGSAVE, and its increment begins with its snapshot', async () => {
    const rig = await started();
    rig.rig.fill(20_000);
    rig.rig.persistence.bgsave({ schedule: false, later: false });
    expect(rig.aof.bgrewriteaof({ later: false })).toBe('scheduled');
    rig.set('k', 'v');
    expect(rig.manifest()).toEqual([base(1), incr(1)]);
    await waitFor(() => !rig.rig.persistence.inProgress, { what: 'the save to end' });
    rig.aof.cron();
    expect(rig.aof.rewriter.inProgress).toBe(true);
    await rig.idle();
    expect(rig.manifest()).toEqual([base(2), incr(2)]);
  });

  test('keeps what it has replaced where aof-disable-auto-gc says so, and counts on', async () => {
    const rig = await started({ aofDisableAutoGc: true });
    await rig.rewrite();
    await rig.rewrite();
    expect(rig.manifest()).toEqual([
      base(3),
      incr(2, 'h'),
      base(2, 'h'),
      incr(1, 'h'),
      base(1, 'h'),
      incr(3),
    ]);
    expect(rig.files()).toHaveLength(7);
    rig.settings.aofDisableAutoGc = false;
    rig.aof.collectGarbageNow();
    await waitFor(() => rig.manifest().length === 2, { what: 'the old files to go' });
    expect(rig.manifest()).toEqual([base(3), incr(3)]);
    rig.aof.disable();
    const again = await start(rig.settings.dir);
    await again.rewrite();
    expect(again.manifest()).toEqual([base(4), incr(4)]);
  });

  test('makes the directory anew when somebody has removed it: the files are whole again', async () => {
    const rig = await started();
    rig.set('k', 'v');
    rmSync(rig.directory, { recursive: true });
    rig.set('later', 'v');
    await rig.rewrite();
    rig.set('last', 'v');
    const again = await start(rig.settings.dir);
    expect(again.rig.data.content()).toEqual({ '0/k': '-1 v', '0/later': '-1 v' });
    expect(again.loaded).toEqual(['set last v']);
  });

  test('that cannot even begin is told to whoever asks, and harms nothing', async () => {
    const rig = await started();
    rmSync(rig.directory, { recursive: true });
    writeFileSync(rig.directory, 'a file in its place');
    expect(rig.aof.bgrewriteaof({ later: false })).toBe('failed');
    expect(rig.aof.rewriter.lastOk).toBe(false);
    rmSync(rig.directory);
    await rig.rewrite();
    expect(rig.aof.rewriter.lastOk).toBe(true);
  });
});

describe('switched on and off', () => {
  test('off, a rewrite leaves a base and nothing after it; on again, it counts from there', async () => {
    const rig = await started();
    rig.aof.disable();
    rig.set('k', 'v');
    await rig.rewrite();
    expect(rig.manifest()).toEqual([base(2)]);
    expect(rig.files()).toEqual(['appendonly.aof.2.base.rdb', 'appendonly.aof.manifest']);
    expect(rig.aof.enable()).toBe(null);
    await rig.idle();
    expect(rig.manifest()).toEqual([base(3), incr(1)]);
    expect(rig.aof.state).toBe('on');
  });

  test('on, nothing on disk changes before the first base is there, however often that fails', async () => {
    const dir = await use.tempDir();
    const rig = new AofRig(dir);
    onTestFinished(() => rig.aof.disable());
    rig.set('k', 'v');
    rig.blockBase(1);
    rig.aof.enable();
    rig.set('during', 'v');
    await rig.idle();
    expect(rig.logged('Removing the temp incr aof file')).toBe(1);
    await waitFor(() => rig.files().length === 1, { what: 'the increment to go' });
    expect([rig.manifest(), rig.files()]).toEqual([[], ['appendonly.aof.1.base.rdb']]);
    expect(rig.aof.rewriter.isScheduled).toBe(true);
    rig.unblockBase(1);
    rig.rig.clock.advance(1000);
    rig.aof.cron();
    expect(rig.aof.rewriter.inProgress).toBe(true);
    await rig.idle();
    rig.set('last', 'v');
    expect(rig.manifest()).toEqual([base(1), incr(1)]);
    const again = await start(dir);
    expect(again.rig.data.content()).toEqual({ '0/k': '-1 v', '0/during': '-1 v' });
    expect(again.loaded).toEqual(['set last v']);
  });
});

describe('syncs', () => {
  const tick = (rig: AofRig): number => {
    rig.rig.clock.advance(100);
    rig.aof.cron();
    return rig.aof.pendingFsync;
  };
  const ticksUntilSync = (rig: AofRig): number => {
    for (let ticks = 1; ticks <= 30; ticks++) if (tick(rig) === 1) return ticks;
    return Number.POSITIVE_INFINITY;
  };

  test('once a second with everysec, never with no', async () => {
    const rig = await started();
    rig.set('k', 'v');
    expect(ticksUntilSync(rig)).toBe(10);
    await waitFor(() => rig.aof.pendingFsync === 0, { what: 'the sync' });
    // Nothing new, nothing to sync.
    expect(ticksUntilSync(rig)).toBe(Number.POSITIVE_INFINITY);
    rig.settings.appendfsync = 'no';
    rig.set('k', 'new');
    expect(ticksUntilSync(rig)).toBe(Number.POSITIVE_INFINITY);
  });

  test('not while a rewrite is under way, where no-appendfsync-on-rewrite says so', async () => {
    for (const noAppendfsyncOnRewrite of [false, true]) {
      const rig = await started({ noAppendfsyncOnRewrite });
      rig.rig.settings.rdbKeySaveDelayUs = 10_000_000;
      rig.rig.fill(1);
      rig.aof.bgrewriteaof({ later: false });
      await waitFor(() => rig.manifest().length === 3, { what: 'the new increment' });
      rig.set('k', 'v');
      expect(rig.aof.rewriter.inProgress).toBe(true);
      const ticks = ticksUntilSync(rig);
      expect(ticks).toBe(noAppendfsyncOnRewrite ? Number.POSITIVE_INFINITY : 10);
      rig.aof.disable();
    }
  });
});

test('bases that a crashed process left half written go at the start', async () => {
  const rig = await started();
  const dead = 2 ** 22 + 1; // No Linux gives this process id.
  const names = [
    `temp-${dead}.3-appendonly.aof.2.base.rdb`,
    `temp-${process.ppid}.3-appendonly.aof.2.base.rdb`,
  ];
  for (const name of names) writeFileSync(join(rig.directory, name), '');
  const again = await start(rig.settings.dir);
  expect(again.files().filter((name) => name.startsWith('temp-'))).toEqual([names[1]]);
});
