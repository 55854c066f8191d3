/** The timeouts of blocking commands; the answers are those of redis-server 7.0.15. */
import { expect, test } from 'vitest';
import { ReplyWriter } from '../../../src/protocol/reply-writer.ts';
import { Call } from '../../../src/server/call.ts';
import type { Client } from '../../../src/server/client.ts';
import {
  timeoutMsArgument,
  timeoutSecondsArgument,
} from '../../../src/server/commands/block-timeout.ts';
import type { ServerContext } from '../../../src/server/context.ts';
import { ServerStats } from '../../../src/server/stats.ts';

/** What a reader of timeouts makes of a word: milliseconds, or the error it replies. */
function read(reader: (call: Call, index: number) => number, word: string): number | string {
  const writer = new ReplyWriter({ onFull: () => undefined, onLarge: () => undefined });
  const server: Partial<ServerContext> = { stats: new ServerStats() };
  const call = new Call(server as ServerContext, writer);
  const client: Pick<Client, 'has'> = { has: () => false };
  call.client = client as Client;
  const buffer = Buffer.from(word, 'latin1');
  call.buffer = buffer;
  call.argc = 1;
  call.argStart = new Int32Array(1);
  call.argEnd = new Int32Array([buffer.length]);
  const ms = reader(call, 0);
  return Number.isNaN(ms) ? writer.buffer.toString('latin1', 0, writer.length) : ms;
}

const notFloat = '-ERR timeout is not a float or out of range\r\n';
const notInteger = '-ERR timeout is not an integer or out of range\r\n';
const negative = '-ERR timeout is negative\r\n';

test.each<[string, number | string]>([
  ['0', 0],
  ['12', 12_000],
  ['0.001', 1],
  ['0.0701', 71],
  ['0.07', 70],
  ['1e-9', 1],
  ['0x0.01', 4],
  ['-0.0001', -0],
  ['-1', negative],
  ['-0.001', negative],
  ['inf', negative],
  ['1e400', negative],
  ['9223372036854775807', negative],
  ['900000000000000', 900_000_000_000_000_000],
  ['nan', notFloat],
  ['abc', notFloat],
  [' 1', notFloat],
  ['', notFloat],
])('seconds: %s', (word, expected) => {
  expect(read(timeoutSecondsArgument, word)).toBe(expected);
});

test.each<[string, number | string]>([
  ['0', 0],
  ['1500', 1500],
  ['9223372036854775807', 2 ** 63],
  ['9223372036854775808', notInteger],
  ['1.5', notInteger],
  ['-1', negative],
])('milliseconds: %s', (word, expected) => {
  expect(read(timeoutMsArgument, word)).toBe(expected);
});
