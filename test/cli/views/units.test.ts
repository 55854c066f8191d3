import { expect, it } from 'vitest';
import { millisText, secondsText } from '../../../src/cli/views/units.ts';

it('prints seconds and milliseconds in a unit that is read at once', () => {
  expect([0, 119, 120, 7200, 172_800].map(secondsText)).toEqual([
    '0 s',
    '119 s',
    '2 min',
    '2 h',
    '2 d',
  ]);
  expect([-5, 4.4, 999, 2500].map(millisText)).toEqual(['0 ms', '4 ms', '999 ms', '2.5 s']);
});
