import { describe, expect, it } from 'vitest';
import {
  canLoadRdb,
  compareVersions,
  parseVersion,
  rdbVersionsOf,
  type Product,
} from '../../src/instance/version.ts';

function server(product: Product, text: string, bundled = false) {
  const version = parseVersion(text);
  return { product, bundled, version, rdb: rdbVersionsOf({ product, bundled, version }) };
}

describe('versions', () => {
  it('are compared as numbers, not as text', () => {
    const texts = ['7.0.9', '7.0.15', '7.2.0', '10.0.0', '6.2'];
    const versions = texts.map(parseVersion).filter((version) => version !== undefined);
    const sorted = versions
      .sort(compareVersions)
      .map(({ major, minor, patch }) => [major, minor, patch]);
    expect(sorted).toEqual([
      [6, 2, 0],
      [7, 0, 9],
      [7, 0, 15],
      [7, 2, 0],
      [10, 0, 0],
    ]);
  });

  it('are read with what follows them, and not where there is none', () => {
    expect(parseVersion('8.0-rc1')).toEqual({ major: 8, minor: 0, patch: 0 });
    expect(parseVersion('unknown')).toBeUndefined();
  });
});

describe('who can load whose full copy', () => {
  const redis7 = server('redis', '7.0.15');
  const redis8 = server('redis', '8.0.2');
  const valkey8 = server('valkey', '8.1.1');
  const valkey9 = server('valkey', '9.0.0');
  const bundled = server('redis', '7.0.15', true);

  it.each([
    ['7.0 loads 7.0', redis7, redis7, true],
    ['8.0 loads 7.0', redis8, redis7, true],
    ['7.0 does not load 8.0', redis7, redis8, false],
    ['the bundled server loads 8.0', bundled, redis8, true],
    ['7.0 loads the bundled server', redis7, bundled, true],
    ['Valkey 8 does not load Redis 8', valkey8, redis8, false],
    ['Redis 8 loads Valkey 8', redis8, valkey8, true],
    ['Valkey 9 loads Valkey 8', valkey9, valkey8, true],
    ['Valkey 9 does not load Redis 8', valkey9, redis8, false],
    ['Valkey 8 does not load Valkey 9', valkey8, valkey9, false],
    ['nobody knows of 1.0', redis7, server('redis', '1.0.0'), undefined],
  ])('%s', (_words, replica, upstream, expected) => {
    expect(canLoadRdb(replica, upstream)).toBe(expected);
  });
});
