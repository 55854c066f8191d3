import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileErrorText } from '../../src/util/file-error.ts';
import { useResources } from '../support/resources.ts';

const use = useResources();

test('names what the file system refuses, and where', async () => {
  const dir = await use.tempDir();
  const wordsOf = (work: Promise<unknown>): Promise<string> =>
    work.then(() => 'done', fileErrorText);
  expect(await wordsOf(readFile(join(dir, 'x')))).toBe(`there is no ${dir}/x (ENOENT)`);
  expect(await wordsOf(mkdir(dir))).toBe(`something else is there already: ${dir} (EEXIST)`);
});

test('has no words of its own for other errors', () => {
  expect(fileErrorText(new Error('odd'))).toBe('odd');
  expect(fileErrorText('odd')).toBe('odd');
});
