import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AofWriter } from '../../../src/server/persistence/aof-writer.ts';
import { useResources } from '../../support/resources.ts';
import { waitFor } from '../../support/wait-for.ts';

const use = useResources();

async function newWriter(
  content = '',
): Promise<{ writer: AofWriter; path: string; states: string[] }> {
  const path = join(await use.tempDir(), 'incr.aof');
  writeFileSync(path, content);
  const states: string[] = [];
  const writer = new AofWriter(path, content.length, {
    onStatus: (error) => void states.push(error === null ? 'ok' : error.message),
    onSynced: () => undefined,
  });
  return { writer, path, states };
}

function append(writer: AofWriter, text: string): void {
  writer.append(Buffer.from(text), 0, text.length);
}

const written = (writer: AofWriter): Promise<true> =>
  waitFor(() => writer.pendingBytes === 0, { what: 'the bytes to be written' });

test('goes on at the end of the file, in order, however the writes are mixed', async () => {
  const { writer, path } = await newWriter('before|');
  let wanted = 'before|';
  for (let turn = 0; turn < 200; turn++) {
    const text = `${turn}:${'x'.repeat((turn * 37) % 5000)}|`;
    append(writer, text);
    wanted += text;
    if (turn % 3 === 0) writer.write();
    if (turn % 7 === 0) {
      writer.writeAndSyncNow();
      expect(readFileSync(path, 'latin1')).toBe(wanted);
    }
    if (turn % 11 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(writer.sizeBytes).toBe(wanted.length);
  writer.write();
  await written(writer);
  expect(readFileSync(path, 'latin1')).toBe(wanted);
  writer.close();
});

test('syncs in the background one at a time, and says when one is still at it', async () => {
  const { writer } = await newWriter();
  expect(writer.sync()).toBe(true);
  append(writer, 'x');
  writer.write();
  await written(writer);
  expect(writer.sync()).toBe(true);
  expect(writer.syncing).toBe(true);
  expect(writer.sync()).toBe(false);
  await waitFor(() => !writer.syncing, { what: 'the sync to end' });
  writer.close();
});

test('close writes the rest first', async () => {
  const { writer, path } = await newWriter();
  append(writer, 'the rest');
  writer.close();
  await waitFor(() => readFileSync(path, 'latin1') === 'the rest', { what: 'the rest' });
  const other = await newWriter();
  append(other.writer, 'at once');
  other.writer.closeNow();
  expect(readFileSync(other.path, 'latin1')).toBe('at once');
});

test('a disk that refuses keeps the bytes for another try', async () => {
  // Every write to it fails as on a full disk.
  const states: string[] = [];
  const writer = new AofWriter('/dev/full', 0, {
    onStatus: (error) =>
      void states.push(error === null ? 'ok' : ((error as NodeJS.ErrnoException).code ?? '')),
    onSynced: () => undefined,
  });
  append(writer, 'kept');
  writer.write();
  await waitFor(() => states.length === 1, { what: 'the write to fail' });
  expect(states).toEqual(['ENOSPC']);
  expect(writer.pendingBytes).toBe(4);
  expect(() => writer.writeAndSyncNow()).toThrow(/ENOSPC/);
  expect(writer.pendingBytes).toBe(4);
  writer.retryNow();
  expect([states, writer.pendingBytes]).toEqual([['ENOSPC', 'ENOSPC'], 4]);
  writer.close();
});
