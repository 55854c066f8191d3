/**
 * The lists that stand beside the suite: tests we leave out and tests known to fail, each with its
 * reason, and the tests of every file that passed once and must go on passing. Parsing and printing
 * are pure; the rest reads and writes the files in this directory.
 *
 *   The reason, a sentence that begins at the margin, for the tests below it.
 *     unit/type/set: SRANDMEMBER with a dict containing long chain
 *     unit/memefficiency: /^Active defrag
 *   # A line that nobody reads.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** One test of one file, or with `/…` all whose names match, and why it is on the list. */
export interface ListedTest {
  file: string;
  test: string;
  reason: string;
}

const here = import.meta.dirname;
const passingDir = join(here, 'passing');

export function parseListedTests(text: string): ListedTest[] {
  const listed: ListedTest[] = [];
  let reason: string[] = [];
  let reasonIsWhole = false;
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, file, test] = /^\s+(\S+): (.+)$/.exec(line) ?? [];
    if (test === undefined) {
      reason = reasonIsWhole ? [line.trim()] : [...reason, line.trim()];
      reasonIsWhole = false;
      continue;
    }
    if (reason.length === 0) throw new Error(`no reason before: ${line.trim()}`);
    reasonIsWhole = true;
    listed.push({ file, test, reason: reason.join(' ') });
  }
  return listed;
}

export function isListed(listed: readonly ListedTest[], file: string, name: string): boolean {
  return listed.some(
    ({ file: f, test }) =>
      f === file && (test.startsWith('/') ? new RegExp(test.slice(1)).test(name) : test === name),
  );
}

export async function readListedTests(list: 'exclusions' | 'known-failures') {
  return parseListedTests(await readFile(join(here, `${list}.txt`), 'utf8'));
}

/** The files that have a list of passing tests, in order. */
export async function recordedFiles(): Promise<string[]> {
  const entries = await readdir(passingDir, { recursive: true });
  return entries
    .filter((path) => path.endsWith('.txt'))
    .map((path) => path.replace(/\.txt$/, ''))
    .sort();
}

/** The tests that must pass; empty for a file that was never recorded. */
export async function readPassing(file: string): Promise<string[]> {
  const path = passingPath(file);
  if (!existsSync(path)) return [];
  return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
}

export async function writePassing(file: string, names: Iterable<string>): Promise<void> {
  const path = passingPath(file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(
    path,
    [...new Set(names)]
      .sort()
      .map((name) => `${name}\n`)
      .join(''),
  );
}

function passingPath(file: string): string {
  return join(passingDir, `${file}.txt`);
}
