import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyText, shownKey } from '../../../src/cli/views/key-text.ts';

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

describe('the name of a key', () => {
  it.each([
    ['user:1', 'user:1'],
    ['two words', 'two words'],
    [latin1('größe:日本'), 'größe:日本'],
    ['\u00ff\u0000', String.raw`\xff\x00`],
    ['a\\b', String.raw`a\\b`],
    ['a"b\n', String.raw`a\"b\n`],
    ['\u001b[2J', String.raw`\x1b[2J`],
    [latin1('a\u202eb'), String.raw`a\xe2\x80\xaeb`],
  ])('%j is %s', (name, text) => {
    expect(keyText(name)).toBe(text);
  });

  it('looks like no other', () => {
    const names = fc
      .array(fc.integer({ min: 0, max: 255 }), { maxLength: 6 })
      .map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(names, names, (a, b) => {
        expect(keyText(a) === keyText(b)).toBe(a === b);
      }),
      { numRuns: 2000 },
    );
  });

  it('is quoted on the screen where it has to be, and cut', () => {
    expect(shownKey('user:1')).toBe('user:1');
    expect(shownKey('two words')).toBe('"two words"');
    expect(shownKey('')).toBe('""');
    expect(shownKey('x'.repeat(100), 10)).toBe('xxxxxxxxx…');
  });
});
