/** The intset against a naive model, and its bytes against those that real Redis holds. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { IntSet } from '../../../src/server/types/int-set.ts';
import { encodeCommand } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';

const use = useResources();

const values = fc.oneof(
  fc.integer({ min: -5, max: 20 }),
  fc.integer({ min: -(2 ** 15) - 2, max: 2 ** 15 + 2 }),
  fc.integer(),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const steps = fc.record({ value: values.map(BigInt), removes: fc.boolean() });

function bytes(text: string): [Buffer, number, number] {
  return [Buffer.from(`<${text}>`, 'latin1'), 1, text.length + 1];
}

function members(set: IntSet): string[] {
  return Array.from({ length: set.size }, (_, index) => {
    set.read(index);
    return set.windowBuffer.toString('latin1', 0, set.windowEnd);
  });
}

function sorted(model: ReadonlySet<bigint>): string[] {
  return [...model].sort((a, b) => (a < b ? -1 : 1)).map(String);
}

test('holds what a Set of bigints holds, in order', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), (program) => {
      const set = new IntSet();
      const model = new Set<bigint>();
      for (const { value, removes } of program) {
        const held = model.has(value);
        const index = set.indexOf(...bytes(String(value)));
        expect(index).toBe(held ? sorted(model).indexOf(String(value)) : -1);
        if (!removes) {
          expect(set.add(...bytes(String(value)))).toBe(held ? 'present' : 'added');
          model.add(value);
        } else if (held) {
          set.removeAt(index);
          model.delete(value);
        }
      }
      expect(members(set)).toEqual(sorted(model));
      expect(members(set.copy())).toEqual(sorted(model));
    }),
  );
});

test('refuses what is not the canonical text of an integer', () => {
  const set = new IntSet();
  for (const text of ['', '01', '-0', '1.0', ' 1', '9223372036854775808', 'abc']) {
    expect(set.add(...bytes(text))).toBe('not-an-integer');
    expect(set.indexOf(...bytes(text))).toBe(-1);
  }
  expect(set.size).toBe(0);
});

test('its bytes equal those of Redis, whatever the width', async (context) => {
  needServer(context, 'redis7');
  const client = await (await use.server('redis7', { args: ['--rdbcompression', 'no'] })).connect();
  for (const added of [
    ['5', '-1', '300', '-32768'],
    ['5', '70000', '-1', '-2147483648'],
    ['9223372036854775807', '1', '-9223372036854775808', '2147483648', '1'],
  ]) {
    const set = new IntSet();
    for (const text of added) set.add(...bytes(text));
    set.removeAt(set.indexOf(...bytes(added[0])));
    await client.must('DEL', 'set');
    await client.must('SADD', 'set', ...added);
    await client.must('SREM', 'set', added[0]);
    const payload = await client.exchange(encodeCommand(['DUMP', 'set']));
    expect(payload.includes(set.bytes.subarray(0, set.byteLength))).toBe(true);
  }
});
