/** All files or none, and nobody else's. */
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeLab } from '../../src/lab/write-lab.ts';
import { useResources } from '../support/resources.ts';

const use = useResources();

const files = [
  { path: '1/redis1.conf', text: 'port 1\n' },
  { path: '2/redis2.conf', text: 'port 2\n' },
  { path: 'repl.yaml', text: 'version: 1\n' },
];

/** Every file below a directory with its text. */
async function snapshot(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
  const texts = await Promise.all(
    entries.map(async (entry, index) =>
      entry.isDirectory() ? '(directory)' : readFile(join(dir, paths[index]), 'utf8'),
    ),
  );
  return Object.fromEntries(paths.map((path, index) => [path, texts[index]]));
}

test('writes the files, for the owner only, and leaves nothing else', async () => {
  const dir = join(await use.tempDir(), 'deep', 'down');
  await writeLab(dir, files);
  expect(await snapshot(dir)).toEqual({
    '1': '(directory)',
    '1/redis1.conf': 'port 1\n',
    '2': '(directory)',
    '2/redis2.conf': 'port 2\n',
    'repl.yaml': 'version: 1\n',
  });
  expect((await stat(join(dir, '1'))).mode & 0o777).toBe(0o700);
  expect((await stat(join(dir, '1/redis1.conf'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(dir, 'repl.yaml'))).mode & 0o777).toBe(0o600);
});

test('replaces its own files and touches no other', async () => {
  const dir = await use.tempDir();
  await mkdir(join(dir, '1'));
  await writeFile(join(dir, '1/redis1.conf'), 'old');
  await writeFile(join(dir, '1/dump1.rdb'), 'data');
  await writeFile(join(dir, 'mine.txt'), 'mine');
  await writeLab(dir, files);
  expect(await snapshot(dir)).toMatchObject({
    '1/redis1.conf': 'port 1\n',
    '1/dump1.rdb': 'data',
    'mine.txt': 'mine',
  });
});

test('takes everything back when a step fails', async () => {
  const dir = await use.tempDir();
  await mkdir(join(dir, '1'));
  await writeFile(join(dir, '1/redis1.conf'), 'old');
  // The first node's file is in place when the second node's directory cannot be made.
  await writeFile(join(dir, '2'), 'a file in the way');
  const before = await snapshot(dir);
  await expect(writeLab(dir, files)).rejects.toThrow(`could not write the lab into ${dir}`);
  expect(await snapshot(dir)).toEqual(before);
});

test('says in plain words why it cannot', async () => {
  const dir = await use.tempDir();
  await writeFile(join(dir, 'file'), '');
  await expect(writeLab(join(dir, 'file', 'lab'), files)).rejects.toMatchObject({
    cause: `a file is where a directory is wanted: ${dir}/file/lab (ENOTDIR)`,
  });
});

test.runIf(process.platform === 'linux')('ends where no directory can be made', async () => {
  await expect(writeLab('/proc/redis-repl/lab', files)).rejects.toThrow(/could not write/);
});

test('takes back the directories that it made', async () => {
  const dir = await use.tempDir();
  await writeFile(join(dir, 'file'), '');
  await expect(writeLab(join(dir, 'file', 'lab'), files)).rejects.toThrow(/could not write/);
  const broken = [...files, { path: 'repl.yaml/nested', text: '' }];
  await expect(writeLab(join(dir, 'new', 'lab'), broken)).rejects.toThrow(/could not write/);
  expect(await snapshot(dir)).toEqual({ file: '' });
});
