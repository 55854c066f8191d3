import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { quoteArg, splitArgs } from '../../src/redis-conf/split-args.ts';

/** Any bytes, one per character. */
const bytes = fc.uint8Array({ maxLength: 20 }).map((list) => Buffer.from(list).toString('latin1'));

test.each<[string, string[] | null]>([
  ['', []],
  ['  \t ', []],
  ['set key value', ['set', 'key', 'value']],
  ['set  "a b"\t\'c d\'', ['set', 'a b', 'c d']],
  ['"\\x41\\xff\\n\\r\\t\\b\\a\\\\\\"\\q"', ['A\xff\n\r\t\b\x07\\"q']],
  ['"\\xzz"', ['xzz']],
  ["'it\\'s \\n'", ["it's \\n"]],
  ['a"b"', ['ab']],
  ['""', ['']],
  ["''", ['']],
  ['"abc', null],
  ["'abc", null],
  ['a"b', null],
  ['"a"b', null],
  ["'a'b", null],
  ['"abc\\', null],
])('%j', (line, words) => {
  expect(splitArgs(line)).toEqual(words);
});

test('quoting prints as the server does', () => {
  expect(quoteArg('\xff\x00a\t\x07\b\\\'"\n\r')).toBe('"\\xff\\x00a\\t\\a\\b\\\\\'\\"\\n\\r"');
});

test('what was quoted splits into the same words', () => {
  fc.assert(
    fc.property(fc.array(bytes), (words) => {
      expect(splitArgs(words.map(quoteArg).join(' '))).toEqual(words);
    }),
  );
});

test('no line makes it throw', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('"', "'", '\\', 'x', '4', ' ', 'a') }),
      (line) => {
        expect(splitArgs(line) === null || Array.isArray(splitArgs(line))).toBe(true);
      },
    ),
  );
});
