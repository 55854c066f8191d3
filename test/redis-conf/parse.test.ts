import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConf, printConf } from '../../src/redis-conf/parse.ts';

test('says what each line is', () => {
  const text = '# a comment\n\n  Port 6379  \nsave "60 1\n\tlogfile ""';
  expect(parseConf(text)).toEqual([
    { kind: 'comment', raw: '# a comment', line: 1 },
    { kind: 'blank', raw: '', line: 2 },
    { kind: 'directive', name: 'port', args: ['6379'], raw: '  Port 6379  ', line: 3 },
    {
      kind: 'broken',
      reason: 'Unbalanced quotes in configuration line',
      raw: 'save "60 1',
      line: 4,
    },
    { kind: 'directive', name: 'logfile', args: [''], raw: '\tlogfile ""', line: 5 },
  ]);
});

test('prints what it parsed, byte for byte', () => {
  const line = fc.oneof(fc.string(), fc.constantFrom('', '#', 'port 1\r', '  save "a', '\t'));
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const text = lines.join('\n');
      expect(printConf(parseConf(text))).toBe(text);
    }),
  );
});
