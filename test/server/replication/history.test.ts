import { expect, it } from 'vitest';
import {
  adoptHistory,
  clearReplid2,
  continueWith,
  newHistory,
  noReplid,
  shiftHistory,
} from '../../../src/server/replication/history.ts';
import { seededRandom } from '../../../src/util/random.ts';

const random = seededRandom(7);

it('begins with an id of its own and no second one', () => {
  const history = newHistory(random);
  expect(history.masterReplid).toMatch(/^[0-9a-f]{40}$/);
  expect(history).toMatchObject({ masterReplid2: noReplid, secondReplOffset: -1 });
  expect(newHistory(random).masterReplid).not.toBe(history.masterReplid);
});

it('keeps the former id up to the offset of the promotion', () => {
  const before = adoptHistory('a'.repeat(40));
  const after = shiftHistory(before, { masterReplOffset: 87, random });
  expect(after).toMatchObject({ masterReplid2: 'a'.repeat(40), secondReplOffset: 88 });
  expect(after.masterReplid).not.toBe(before.masterReplid);
});

it('remembers only the last two of many promotions', () => {
  const first = shiftHistory(adoptHistory('a'.repeat(40)), { masterReplOffset: 10, random });
  const second = shiftHistory(first, { masterReplOffset: 20, random });
  expect(second).toMatchObject({ masterReplid2: first.masterReplid, secondReplOffset: 21 });
});

it('shifts to the id that +CONTINUE names, unless it is the same', () => {
  const before = adoptHistory('a'.repeat(40));
  expect(continueWith(before, { masterReplid: 'a'.repeat(40), masterReplOffset: 5 })).toBe(before);
  expect(continueWith(before, { masterReplid: 'b'.repeat(40), masterReplOffset: 5 })).toEqual({
    masterReplid: 'b'.repeat(40),
    masterReplid2: 'a'.repeat(40),
    secondReplOffset: 6,
  });
});

it('forgets the second history on request and after a full resync', () => {
  const shifted = shiftHistory(adoptHistory('a'.repeat(40)), { masterReplOffset: 1, random });
  expect(clearReplid2(shifted)).toEqual(adoptHistory(shifted.masterReplid));
});
