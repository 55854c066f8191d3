import { expect, test } from 'vitest';
import { AofSynced } from '../../../src/server/persistence/aof-synced.ts';

function setup() {
  const stream = { offset: 0 };
  const synced = new AofSynced(() => stream.offset);
  const file = { sizeBytes: 100, syncedBytes: 100, pendingBytes: 0 };
  synced.open(file);
  return { stream, synced, file };
}

test('what a file held before the server began counts for nothing', () => {
  const { synced, file } = setup();
  expect(synced.appendedPosition).toBe(0);
  file.sizeBytes += 30;
  expect([synced.appendedPosition, synced.syncedPosition]).toEqual([30, 0]);
  file.syncedBytes += 20;
  expect(synced.syncedPosition).toBe(20);
});

test('a sync makes safe what the kernel had when it began, and no more', () => {
  const { stream, synced, file } = setup();
  file.sizeBytes += 50;
  stream.offset = 500;
  synced.onSync();
  file.sizeBytes += 10;
  stream.offset = 600;
  file.syncedBytes = 150;
  synced.onSynced();
  expect(synced.replOffset).toBe(500);
  // A write that the kernel does not have yet: this sync says nothing new.
  file.pendingBytes = 10;
  synced.onSync();
  file.syncedBytes = 155;
  synced.onSynced();
  expect(synced.replOffset).toBe(500);
  file.syncedBytes = 160;
  expect(synced.replOffset).toBe(600);
});

test('what moves the stream alone needs no sync', () => {
  const { stream, synced } = setup();
  stream.offset = 14;
  expect(synced.replOffset).toBe(14);
});

test('a new file hides nothing that the one before still owes', () => {
  const { synced, file } = setup();
  file.sizeBytes += 40;
  const next = { sizeBytes: 0, syncedBytes: 0, pendingBytes: 0 };
  synced.open(next);
  next.sizeBytes = next.syncedBytes = 5;
  synced.onSynced();
  expect([synced.appendedPosition, synced.syncedPosition]).toEqual([45, 0]);
  file.syncedBytes = 140;
  synced.onSynced();
  expect(synced.syncedPosition).toBe(45);
});

test('positions go on where they were after the file was switched off and on', () => {
  const { stream, synced, file } = setup();
  file.sizeBytes += 40;
  stream.offset = 77;
  synced.forget();
  expect(synced.appendedPosition).toBe(40);
  synced.open({ sizeBytes: 0, syncedBytes: 0, pendingBytes: 0 });
  expect(synced.syncedPosition).toBe(40);
});
