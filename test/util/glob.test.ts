/**
 * Globs against three judges: what KEYS of a real 7.0.15 answered, a naive translation to regular
 * expressions, and the clock.
 */
import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { globMatch, hasGlob } from '../../src/util/glob.ts';

const fixture = new URL('../fixtures/redis-conf/keys-7.0.15.json', import.meta.url);
const [keys, ...answers] = JSON.parse(readFileSync(fixture, 'utf8')) as [
  string[],
  ...[pattern: string, keys: string[]][],
];

describe('the keys that a real server found', () => {
  test.each(answers)('KEYS %j', (pattern, found) => {
    expect(keys.filter((key) => globMatch(pattern, key)).sort()).toEqual(found);
  });
});

test('agrees with a regular expression on patterns without oddities', () => {
  const atom = fc.oneof(
    fc.constantFrom(
      '*',
      '?',
      'a',
      'b',
      'c',
      '\\*',
      '\\?',
      '\\[',
      '[ab]',
      '[^ab]',
      '[a-c]',
      '[c-b]',
    ),
  );
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', 'c', 'd', '*', '?', '['),
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(fc.array(atom, { maxLength: 8 }), text, (atoms, text) => {
      expect(globMatch(atoms.join(''), text)).toBe(toRegExp(atoms).test(text));
    }),
    { numRuns: 2000 },
  );
});

test('nocase folds ASCII letters and nothing else', () => {
  expect(globMatch('MAX[M-N]*', 'maxmemory', true)).toBe(true);
  expect(globMatch('MAX*', 'maxmemory')).toBe(false);
  expect(globMatch('\xc9', '\xe9', true)).toBe(false);
});

test('a pattern made to hurt does not', () => {
  const pattern = `${'a*'.repeat(30)}b`;
  const started = performance.now();
  expect(globMatch(pattern, 'a'.repeat(10_000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(1000);
});

test('says which patterns are plain names', () => {
  expect(['save', 's*', 's?', '[s]', '\\save'].map(hasGlob)).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
});

function toRegExp(atoms: readonly string[]): RegExp {
  const source = atoms.map((atom) => {
    if (atom === '*') return '.*';
    if (atom === '?') return '.';
    return atom === '[c-b]' ? '[b-c]' : atom;
  });
  return new RegExp(`^${source.join('')}$`, 's');
}
