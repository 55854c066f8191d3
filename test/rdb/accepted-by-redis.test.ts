/** What the writer writes is accepted by Redis's own tools and loaded by real servers. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RdbWriter } from '../../src/rdb/rdb-writer.ts';
import { realKinds } from '../support/real-servers.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';

const use = useResources();
type Window = [bytes: Uint8Array, start: number, end: number];

const checkTool = 'redis-check-rdb';
const year2100Ms = 4_102_444_800_000;

test('redis-check-rdb finds nothing wrong', async (context) => {
  if (spawnSync(checkTool, ['--version']).error) context.skip(`no ${checkTool}`);
  for (const options of [{}, { checksum: false }, { compress: false }]) {
    const file = join(await use.tempDir(), 'ours.rdb');
    writeFileSync(file, sampleFile(options));
    const { stdout, status } = spawnSync(checkTool, [file], { encoding: 'utf8' });
    expect(stdout).toContain('\\o/ RDB looks OK! \\o/');
    expect(stdout).toContain(`[info] 2006 keys read`);
    expect(status).toBe(0);
  }
});

test.for(realKinds)('%s loads it', async (kind, context) => {
  needServer(context, kind);
  const server = await use.server(kind);
  writeFileSync(join(server.dir, 'dump.rdb'), sampleFile({}));
  await server.restart();
  const client = await server.connect();
  expect(await client.command('DBSIZE')).toBe(2003);
  expect(await client.command('GET', '-77')).toBe('12345678901');
  expect(await client.command('GET', 'long')).toBe('x'.repeat(500_000));
  expect(await client.command('PEXPIRETIME', 'key:1')).toBe(year2100Ms + 1);
  expect(await client.command('PEXPIRETIME', 'key:2')).toBe(-1);
  for (const at of [0, 1, 999, 1999]) {
    expect(await client.command('GET', `key:${at}`)).toBe(sampleValue(at));
  }
  await client.must('SELECT', 9);
  expect(await client.command('DBSIZE')).toBe(3);
  expect(await client.command('GET', 'freq')).toBe('2');
});

/** 2003 keys in database 0 and 3 in database 9. */
function sampleFile(options: { checksum?: boolean; compress?: boolean }): Buffer {
  const blocks: Buffer[] = [];
  const sink = (block: Uint8Array): number => blocks.push(Buffer.from(block));
  const writer = new RdbWriter({ ...options, sink });
  const put = (key: string, value: string, ...facts: [number?, number?, number?]): void => {
    const [expireAtMs = -1, idleSeconds = -1, freq = -1] = facts;
    const [keyBytes, valueBytes] = [Buffer.from(key), Buffer.from(value)];
    const valueWindow: Window = [valueBytes, 0, valueBytes.length];
    writer.stringEntry(keyBytes, 0, keyBytes.length, ...valueWindow, expireAtMs, idleSeconds, freq);
  };
  writer.header();
  writer.aux('redis-ver', '7.0.15');
  writer.aux('redis-bits', 64);
  writer.selectDb(0);
  writer.resizeDb(2003, 1000);
  for (let at = 0; at < 2000; at++) {
    put(`key:${at}`, sampleValue(at), at % 2 === 1 ? year2100Ms + at : -1);
  }
  put('-77', '12345678901');
  put('', 'the empty key');
  put('long', 'x'.repeat(500_000));
  writer.selectDb(9);
  writer.resizeDb(3, 0);
  put('idle', '1', -1, 5000);
  put('freq', '2', -1, -1, 17);
  put('x'.repeat(300), '-2147483648');
  writer.eof();
  return Buffer.concat(blocks);
}

/** Integers of all sizes, and text that compresses more or less well. */
function sampleValue(at: number): string {
  const sign = at % 4 === 0 ? '-' : '';
  return at % 3 === 0 ? sign + String(at ** 3) : `value ${at * 7919} `.repeat(at % 50);
}
