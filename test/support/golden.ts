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
  const path = fileURLToPath(url);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  expect(text, `${path} (UPDATE_GOLDEN=1 writes it anew)`).toBe(readFileSync(path, 'utf8'));
}

/** The same for data: as JSON with an indent of two. */
export function expectGoldenJson(value: unknown, url: URL): void {
  expectGolden(`${JSON.stringify(value, null, 2)}\n`, url);
}
