import { describe, expect, it } from 'vitest';
import { watch, withWatchSeconds, type Screen } from '../../src/cli/watch.ts';
import type { Clock } from '../../src/util/clock.ts';
import { waitFor } from '../support/wait-for.ts';

/** A clock that waits until the test says so. */
function fakeClock(): { clock: Clock; tick: () => void; pending: () => number } {
  const waiting = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    schedule(_delayMs, fn) {
      waiting.add(fn);
      return { cancel: () => void waiting.delete(fn) };
    },
    every: () => ({ cancel: () => {} }),
  };
  const tick = (): void => {
    const due = [...waiting];
    waiting.clear();
    for (const fn of due) fn();
  };
  return { clock, tick, pending: () => waiting.size };
}

function fakeScreen(
  isTerminal: boolean,
  size = { columns: 0, rows: 0 },
): {
  screen: Screen;
  written: string[];
  stop: () => void;
  stopped: () => boolean;
} {
  const written: string[] = [];
  let stop = (): void => {};
  let undone = false;
  const screen: Screen = {
    isTerminal,
    size: () => size,
    write: (text) => void written.push(text),
    onStop(onStop) {
      stop = onStop;
      return () => void (undone = true);
    },
  };
  return { screen, written, stop: () => stop(), stopped: () => undone };
}

/** What is on a screen after the first look, which shows this text. */
async function drawnOnce(text: string, on: ReturnType<typeof fakeScreen>): Promise<string> {
  const { clock, pending } = fakeClock();
  const { screen, written, stop } = on;
  const look = (): Promise<number> => Promise.resolve(1);
  const result = watch({ look, render: () => text, periodMs: 1, clock, screen });
  await waitFor(() => pending() === 1);
  stop();
  await result;
  return written.join('');
}

describe('watching', () => {
  it('looks again after each period, and ends with the last look', async () => {
    const { clock, tick, pending } = fakeClock();
    const { screen, written, stop, stopped } = fakeScreen(false);
    let looks = 0;
    const result = watch({
      look: () => Promise.resolve(++looks),
      render: (n) => `look ${n}\n`,
      periodMs: 1,
      clock,
      screen,
    });
    await waitFor(() => pending() === 1);
    tick();
    await waitFor(() => pending() === 1 && looks === 2);
    stop();
    expect(await result).toBe(2);
    expect(written.join('')).toBe('look 1\n\nlook 2\n\n');
    expect([stopped(), pending()]).toEqual([true, 0]);
  });

  it('redraws in place on a terminal', async () => {
    expect(await drawnOnce('a\nb\n', fakeScreen(true))).toBe(
      '\u001b[2J\u001b[Ha\u001b[K\nb\u001b[K\n\u001b[J',
    );
  });

  it('draws no more than the terminal has room for', async () => {
    const drawn = await drawnOnce('too long\nb\nc\nd\n', fakeScreen(true, { columns: 7, rows: 5 }));
    const lines = ['too', '  long', 'b', '… 2 lines more: a taller window shows them'];
    expect(drawn).toContain(`${lines.join('\u001b[K\n')}\u001b[K\n\u001b[J`);
  });

  it('gives the keyboard back when a look fails', async () => {
    const { clock } = fakeClock();
    const { screen, stopped } = fakeScreen(false);
    const look = (): Promise<never> => Promise.reject(new Error('no'));
    await expect(watch({ look, render: String, periodMs: 1, clock, screen })).rejects.toThrow('no');
    expect(stopped()).toBe(true);
  });
});

describe('--watch on the command line', () => {
  it('takes seconds, or none; a port is a node', () => {
    expect(withWatchSeconds(['--watch'], 2)).toEqual(['--watch=2']);
    expect(withWatchSeconds(['-w', '0.5', '6379'], 2)).toEqual(['--watch=0.5', '6379']);
    expect(withWatchSeconds(['--watch', '6379'], 2)).toEqual(['--watch=2', '6379']);
    expect(withWatchSeconds(['6379', '--json'], 2)).toEqual(['6379', '--json']);
  });
});
