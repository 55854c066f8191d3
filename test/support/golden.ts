/**
 * Golden files: the whole text that something must produce, kept beside its test. They change only
 * on purpose: `UPDATE_GOLDEN=1 npx vitest run …` writes them anew, and the diff is then read.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

/** Compares `text` with the file at `url`, for example `new URL('golden/a.txt', import.meta.url)`. */
export function expectGolden(text: string, url: URL): void {
  expect(named(url, text)).toEqual(named(url, goldenText(text, url)));
}

/** The same for data. How the JSON in the file is laid out does not matter. */
export function expectGoldenJson(value: unknown, url: URL): void {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  const golden: unknown = JSON.parse(goldenText(text, url));
  expect(named(url, JSON.parse(text))).toEqual(named(url, golden));
}

/** What the file holds, after it was written anew if that is wanted. */
function goldenText(text: string, url: URL): string {
  const path = fileURLToPath(url);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return readFileSync(path, 'utf8');
}

/** So that a failure shows which file it is about. */
function named(url: URL, content: unknown): { file: string; content: unknown } {
  return { file: fileURLToPath(url), content };
}
