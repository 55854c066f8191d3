import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OutsideStrings } from '../../../src/server/keyspace/outside-strings.ts';

it('keeps the bytes that it is told to keep, and counts all buffers', () => {
  const steps = fc.array(
    fc.record({ which: fc.nat(3), length: fc.nat(5000), keep: fc.boolean(), remove: fc.boolean() }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const strings = new OutsideStrings();
      const model = new Map<number, { number: number; content: Buffer }>();
      for (const { which, length, keep, remove } of list) {
        const held = model.get(which);
        if (held === undefined) {
          const content = Buffer.alloc(length, which + 1);
          model.set(which, { number: strings.add(Buffer.from(content)), content });
        } else if (remove) {
          expect(strings.remove(held.number).length).toBe(held.content.length);
          model.delete(which);
        } else {
          strings.resize(held.number, length, keep);
          const { buffer } = strings.get(held.number);
          buffer.fill(which + 1, keep ? held.content.length : 0, length);
          held.content = Buffer.alloc(length, which + 1);
        }
        let bytes = 0;
        for (const { number, content } of model.values()) {
          const { buffer, length: size } = strings.get(number);
          expect(buffer.subarray(0, size).equals(content)).toBe(true);
          bytes += buffer.length;
        }
        expect(strings.memoryBytes).toBe(bytes);
      }
    }),
  );
});

it('grows by doubling where bytes are kept, by a mebibyte at most', () => {
  const strings = new OutsideStrings();
  const number = strings.add(Buffer.alloc(20_000));
  strings.resize(number, 20_001, true);
  const { buffer } = strings.get(number);
  expect(buffer.length).toBe(40_002);
  strings.resize(number, 40_000, true);
  expect(strings.get(number).buffer).toBe(buffer);
  strings.resize(number, 3 << 20, true);
  expect(strings.get(number).buffer.length).toBe((3 << 20) + (1 << 20));
});

it('gives back room that is four times what is needed, and takes no more for what replaces it', () => {
  const strings = new OutsideStrings();
  const number = strings.add(Buffer.alloc(20_000));
  strings.resize(number, 5000, true);
  expect(strings.memoryBytes).toBe(20_000);
  strings.resize(number, 4999, true);
  expect(strings.memoryBytes).toBe(4999);
  strings.resize(number, 30_000, false);
  expect(strings.memoryBytes).toBe(30_000);
});
