import { expect, test } from 'vitest';
import { untilInterrupted } from '../../src/cli/until-interrupted.ts';

test('the first Ctrl-C is a signal to the work, and we go on listening', async () => {
  const before = process.listenerCount('SIGINT');
  let said = 0;
  const ended = untilInterrupted(
    (signal) =>
      new Promise<string>((resolve) => {
        signal.addEventListener('abort', () => resolve('what was done'));
      }),
    () => said++,
  );
  process.emit('SIGINT');
  // Else whoever listens besides, as a spinner does, would take itself for the last and end us.
  expect(process.listenerCount('SIGINT')).toBe(before + 1);
  expect(await ended).toBe('what was done');
  expect(said).toBe(1);
  expect(process.listenerCount('SIGINT')).toBe(before);
});
