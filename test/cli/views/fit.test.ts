import { expect, test } from 'vitest';
import { fitText } from '../../../src/cli/views/fit.ts';
import { colours } from '../../../src/cli/views/paint.ts';

test('what fits stays as it is', () => {
  expect(fitText('NODE  LAG\n* a   -\n', 9)).toBe('NODE  LAG\n* a   -\n');
});

test('a sentence goes on below its beginning', () => {
  expect(fitText('link-down: b lost its link to a 5 s ago.\n', 30)).toBe(
    'link-down: b lost its link to\n           a 5 s ago.\n',
  );
  expect(fitText('10. hold writes on the master for a moment', 24)).toBe(
    '10. hold writes on the\n    master for a moment',
  );
  expect(fitText('     a: partial resync with b, nothing missing', 30)).toBe(
    '     a: partial resync with b,\n        nothing missing',
  );
});

test('a last column of words goes on below itself', () => {
  expect(fitText('login  yes  a is let in with its masterauth', 32)).toBe(
    'login  yes  a is let in with its\n            masterauth',
  );
});

test('a row of numbers breaks between them', () => {
  expect(fitText('└── + redis6380  0 B  4 ms  up  replica  1520', 38)).toBe(
    '└── + redis6380  0 B  4 ms  up\n  replica  1520',
  );
});

test('commands to type are in one piece, and so are words', () => {
  const command = '  next: repl reparent redis6380 redis6379 --persist';
  expect(fitText(command, 20)).toBe(command);
  expect(fitText('a restart goes back; to keep it: repl promote 1 --persist', 40)).toBe(
    'a restart goes back; to keep it:\n  repl promote 1 --persist',
  );
  expect(fitText('abc /very/long/path/that/has/no/gap b', 12)).toBe(
    'abc\n  /very/long/path/that/has/no/gap\n  b',
  );
});

test('colours take no room', () => {
  const line = colours('red', 'one two three');
  expect(fitText(line, 13)).toBe(line);
  expect(fitText(line, 8)).toBe(line.replace(' three', '\n  three'));
});
