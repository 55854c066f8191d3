/** CommandTimer on a clock that the test moves: what is charged to which command, what is noted. */
import { beforeEach, expect, test } from 'vitest';
import type { Call } from '../../src/server/call.ts';
import type { Client } from '../../src/server/client.ts';
import { CommandTimer } from '../../src/server/command-timer.ts';
import { Command } from '../../src/server/command.ts';
import { gateBits } from '../../src/server/command-flags.ts';
import { Config } from '../../src/server/config.ts';
import { LatencyMonitor } from '../../src/server/latency-monitor.ts';
import { Slowlog } from '../../src/server/slowlog.ts';
import { encodeCommand } from '../support/resp-client.ts';

let nowMs: number;
let config: Config;
let slowlog: Slowlog;
let latency: LatencyMonitor;
let timer: CommandTimer;
const client = { name: '', transport: { address: 'a:1' }, has: () => false } as unknown as Client;

const clock = {
  now: () => nowMs,
  monotonic: () => nowMs,
  schedule: () => ({ cancel: () => undefined }),
  every: () => ({ cancel: () => undefined }),
};

beforeEach(() => {
  nowMs = 1_000_000;
  config = Config.fromText('slowlog-log-slower-than 10000\nlatency-monitor-threshold 20\n');
  slowlog = new Slowlog();
  latency = new LatencyMonitor(clock, config);
  timer = new CommandTimer({ clock, config, slowlog, latency });
});

function command(
  name: string,
  flags: readonly ('fast' | 'write' | 'no_auth' | 'skip_slowlog')[],
): Command {
  return new Command({
    name,
    arity: -1,
    flags,
    categories: [],
    group: 'string',
    since: '1.0.0',
    summary: '',
    complexity: '',
    handler: () => undefined,
  });
}

function run(
  each: Command,
  count: number,
  tookMs: number,
  bytes = encodeCommand([each.fullName]),
): void {
  for (let done = 0; done < count; done++) {
    if (each !== timer.command) timer.switchTo(each, bytes, 0, client);
    timer.count++;
  }
  nowMs += tookMs;
}

test('short commands in a row share the time, and each counts', () => {
  const get = command('get', ['fast']);
  const set = command('set', ['write']);
  timer.start();
  run(get, 4, 2);
  run(set, 1, 3);
  timer.stop(client);
  expect([get.usec, set.usec]).toEqual([2000, 3000]);
  expect(get.latency?.total).toBe(4);
  expect(get.latency?.percentileUsec(50)).toBeCloseTo(500, -1);
});

test('what may take long, or has secrets, is timed alone', () => {
  const alone = (each: Command): boolean => (each.bits & gateBits.timedAlone) !== 0;
  expect(alone(command('keys', []))).toBe(true);
  expect(alone(command('auth', ['fast', 'no_auth']))).toBe(true);
  expect(alone(command('get', ['fast']))).toBe(false);
  expect(alone(command('set', ['write']))).toBe(false);
});

test('so is everything while the slow log wants less than a millisecond', () => {
  expect(timer.extraBits).toBe(0);
  config.set([['slowlog-log-slower-than', '999']]);
  expect(timer.extraBits).toBe(gateBits.timedAlone);
  config.set([['slowlog-log-slower-than', '-1']]);
  expect(timer.extraBits).toBe(0);
});

test('a slow run is noted with its first request', () => {
  const get = command('get', ['fast']);
  timer.start();
  run(get, 2, 60, encodeCommand(['GET', 'key']));
  timer.stop(client);
  const [entry] = slowlog.latest(10);
  expect(entry.args.map(String)).toEqual(['GET', 'key']);
  expect(entry.durationUsec).toBe(30_000);
  expect(slowlog.length).toBe(1);
  expect(latency.series('fast-command')).toEqual({
    samples: [{ timeSec: 1000, latencyMs: 30 }],
    maxMs: 30,
  });
});

test('what must not be in the slow log is a spike all the same', () => {
  const exec = command('exec', ['skip_slowlog']);
  timer.charge({ client, secrets: [] } as unknown as Call, exec, 25_000);
  expect(slowlog.length).toBe(0);
  expect(latency.series('command')?.maxMs).toBe(25);
});

test('nothing is tracked while latency-tracking is off', () => {
  config.set([['latency-tracking', 'no']]);
  const get = command('get', ['fast']);
  timer.start();
  run(get, 1, 1);
  timer.stop(client);
  expect([get.usec, get.latency]).toEqual([1000, null]);
});
