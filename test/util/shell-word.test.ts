import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellWord } from '../../src/util/shell-word.ts';

test.each(['/srv/lab', "it's", 'two words', '', '$HOME `x` "y"', 'größe', '~'])(
  'a shell reads %s back as it is',
  (text) => {
    const out = execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' });
    expect(out).toBe(text);
  },
);

test('what needs no quotes has none', () => {
  expect(shellWord('../my-lab/6379')).toBe('../my-lab/6379');
});
