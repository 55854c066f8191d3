import { describe, expect, it } from 'vitest';
import { compareStates, noKey, type KeyState } from '../../../src/topology/verify/key-state.ts';

const state = (more: Partial<KeyState> = {}): KeyState => ({
  type: 'string',
  sum: { by: 'elements', text: 'a' },
  expireAtMs: undefined,
  ...more,
});

const dumped = (text: string): KeyState => state({ sum: { by: 'dump', text } });

const compare = (master: KeyState, replica: KeyState): string | undefined =>
  compareStates(master, replica, { ttlToleranceMs: 1000 });

describe('two states of a key', () => {
  it.each<[string, KeyState, KeyState, string | undefined]>([
    ['the same', state(), state(), undefined],
    ['neither there', noKey, noKey, undefined],
    ['not on the replica', state(), noKey, 'missing'],
    ['not on the master', noKey, state(), 'extra'],
    ['of two types', state(), state({ type: 'hash' }), 'type'],
    ['of two values', state(), state({ sum: { by: 'elements', text: 'b' } }), 'value'],
    ['one expires', state({ expireAtMs: 5000 }), state(), 'ttl'],
    ['the other expires', state(), state({ expireAtMs: 5000 }), 'ttl'],
    ['expire together', state({ expireAtMs: 5000 }), state({ expireAtMs: 6000 }), undefined],
    ['expire apart', state({ expireAtMs: 5000 }), state({ expireAtMs: 6001 }), 'ttl'],
    ['read in two ways', state(), state({ sum: { by: 'digest', text: 'a' } }), 'unclear'],
    ['dumped alike', dumped('a'), dumped('a'), undefined],
    ['dumped otherwise', dumped('a'), dumped('b'), 'unclear'],
    ['one not read', state({ sum: undefined }), state(), 'unclear'],
    ['both not read', state({ sum: undefined }), state({ sum: undefined }), 'unclear'],
  ])('%s', (_name, master, replica, difference) => {
    expect(compare(master, replica)).toBe(difference);
  });
});
