/** PauseState on a clock that the test moves: which gate is closed, until when, who is told. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Gates } from '../../src/server/gates.ts';
import { ClientRegistry } from '../../src/server/client-registry.ts';
import { PauseState } from '../../src/server/pause.ts';
import type { Clock } from '../../src/util/clock.ts';

let nowMs: number;
let timers: { atMs: number; fn: () => void }[];
let gates: Gates;
let told: boolean[];
let pause: PauseState;

const clock: Clock = {
  now: () => nowMs,
  monotonic: () => nowMs,
  schedule(delayMs, fn) {
    const timer = { atMs: nowMs + delayMs, fn };
    timers.push(timer);
    return { cancel: () => void (timers = timers.filter((other) => other !== timer)) };
  },
  every: () => ({ cancel: () => undefined }),
};

function advanceTo(atMs: number): void {
  nowMs = atMs;
  for (const timer of timers.filter((each) => each.atMs <= atMs)) {
    timers = timers.filter((other) => other !== timer);
    timer.fn();
  }
}

beforeEach(() => {
  nowMs = 1000;
  timers = [];
  gates = new Gates();
  told = [];
  pause = new PauseState({
    clock,
    gates,
    clients: new ClientRegistry(),
    resumeInput: () => undefined,
    onChange: (isPaused) => told.push(isPaused),
  });
});

test('holds back until its time is over', () => {
  pause.pause('client-pause', 'write', 1500);
  expect([gates.paused, pause.isPaused]).toEqual(['write', true]);
  advanceTo(1499);
  expect(gates.paused).toBe('write');
  advanceTo(1500);
  expect([gates.paused, pause.isPaused]).toEqual(['none', false]);
  expect(told).toEqual([true, false]);
  expect(timers).toEqual([]);
});

test('becomes stricter and longer, never the reverse', () => {
  pause.pause('client-pause', 'write', 2000);
  pause.pause('client-pause', 'all', 1500);
  expect(gates.paused).toBe('all');
  advanceTo(1500);
  expect(gates.paused).toBe('all');
  pause.pause('client-pause', 'write', 1600);
  advanceTo(1999);
  expect(gates.paused).toBe('all');
  advanceTo(2000);
  expect(gates.paused).toBe('none');
});

test('a time that is over does not pause', () => {
  pause.pause('client-pause', 'all', 1000);
  expect(gates.paused).toBe('none');
  expect([told, timers]).toEqual([[], []]);
});

test('a time far away takes more than one timer', () => {
  const untilMs = 1000 + 2 ** 33;
  pause.pause('client-pause', 'all', untilMs);
  advanceTo(1000 + 2 ** 32);
  expect(gates.paused).toBe('all');
  advanceTo(untilMs);
  expect(gates.paused).toBe('none');
});

describe('several purposes', () => {
  test('the strictest counts, and each ends for itself', () => {
    pause.pause('client-pause', 'all', 1500);
    pause.pause('failover', 'write', 2000);
    expect(gates.paused).toBe('all');
    advanceTo(1500);
    expect(gates.paused).toBe('write');
    pause.unpause('client-pause');
    expect(gates.paused).toBe('write');
    pause.unpause('failover');
    expect(gates.paused).toBe('none');
    expect(told).toEqual([true, false]);
  });
});

test('close leaves no timer', () => {
  pause.pause('client-pause', 'all', 5000);
  pause.close();
  expect(timers).toEqual([]);
});
