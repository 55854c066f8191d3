import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AofManifest,
  type AofManifestError,
  emptyManifest,
  nextBase,
  nextIncrement,
  parseManifest,
  printManifest,
  replaceBase,
} from '../../../src/server/persistence/aof-manifest.ts';

const written = `file appendonly.aof.2.base.rdb seq 2 type b
file appendonly.aof.1.incr.aof seq 1 type h
file appendonly.aof.2.incr.aof seq 2 type i
file appendonly.aof.4.incr.aof seq 4 type i
`;

describe('a manifest', () => {
  it('is printed as Redis prints it, and read back', () => {
    const manifest = parseManifest(written);
    expect(manifest.base).toEqual({ name: 'appendonly.aof.2.base.rdb', seq: 2 });
    expect(manifest.increments.map(({ seq }) => seq)).toEqual([2, 4]);
    expect(manifest.history.map(({ seq }) => seq)).toEqual([1]);
    expect(printManifest(manifest)).toBe(written);
  });

  it('may hold comments, quotes and keys that are not known', () => {
    const text = '# made by hand\nfile "a b" seq 1 type b newkey x\nfile c seq 2 type i\n';
    expect(parseManifest(text)).toEqual({
      base: { name: 'a b', seq: 1 },
      increments: [{ name: 'c', seq: 2 }],
      history: [],
    });
    expect(printManifest(parseManifest(text))).toContain('file "a b" seq 1 type b\n');
  });

  // What redis-server 7.0.15 says to each of these.
  it.each([
    ['', 'Found an empty AOF manifest', 0],
    ['file a seq 1 type b', 'The AOF manifest file contains too long line', 0],
    [`file ${'a'.repeat(1100)} seq 1 type b\n`, 'The AOF manifest file contains too long line', 0],
    ['\n', 'Invalid AOF manifest file format', 1],
    ['file a seq 1\n', 'Invalid AOF manifest file format', 1],
    ['file a seq 1 type\n', 'Invalid AOF manifest file format', 1],
    ['filx a seq 1 type b\n', 'Invalid AOF manifest file format', 1],
    ['file a seq 0 type b\n', 'Invalid AOF manifest file format', 1],
    ['file a seq 1 type x\n', 'Unknown AOF file type', 1],
    ['file ../a seq 1 type b\n', "File can't be a path, just a filename", 1],
    ['file a seq 1 type b\nfile b seq 2 type b\n', 'Found duplicate base file information', 2],
    ['file a seq 2 type i\nfile b seq 1 type i\n', 'Found a non-monotonic sequence number', 2],
  ])('%j is refused: %s', (text, reason, line) => {
    const read = (): AofManifest => parseManifest(text);
    expect(read).toThrow(reason);
    try {
      read();
    } catch (error) {
      expect((error as AofManifestError).line).toBe(line);
    }
  });

  // Redis would delete these, and with them what was written last, or take the last of what is doubled.
  it.each([
    ['file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type h\n', 'not older'],
    ['file a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type h\n', 'not older'],
    ['file a.1.base.rdb seq 1 type h\nfile a.1.incr.aof seq 1 type i\n', 'not older'],
    ['file a seq 1 type b\vfile b seq 1 type i\n', 'Invalid AOF manifest file format'],
  ])('%j is refused, since only damage can have made it', (text, reason) => {
    expect(() => parseManifest(text)).toThrow(reason);
  });

  it('goes through print and parse whatever its files are called', () => {
    const names = fc
      .string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) })
      .filter((name) => name !== '' && !/[/\\]/.test(name) && name.length < 200);
    fc.assert(
      fc.property(names, names, (base, increment) => {
        const manifest = {
          base: { name: base, seq: 3 },
          increments: [{ name: increment, seq: 7 }],
          history: [],
        };
        expect(parseManifest(printManifest(manifest))).toEqual(manifest);
      }),
    );
  });
});

describe('a rewrite', () => {
  it('makes history of what the new base holds, the latest first', () => {
    let manifest: AofManifest = emptyManifest;
    const step = (): void => {
      const base = nextBase(manifest, 'f', 'rdb');
      const increment = nextIncrement(manifest, 'f');
      const increments = [...manifest.increments, increment];
      manifest = replaceBase({ ...manifest, increments }, base, 1);
    };
    step();
    expect(printManifest(manifest)).toBe(
      'file f.1.base.rdb seq 1 type b\nfile f.1.incr.aof seq 1 type i\n',
    );
    step();
    step();
    expect(printManifest(manifest)).toBe(
      'file f.3.base.rdb seq 3 type b\n' +
        'file f.2.incr.aof seq 2 type h\nfile f.2.base.rdb seq 2 type h\n' +
        'file f.1.incr.aof seq 1 type h\nfile f.1.base.rdb seq 1 type h\n' +
        'file f.3.incr.aof seq 3 type i\n',
    );
  });
});
