/** The listpack against a naive array, and its bytes against those that real Redis holds. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Listpack } from '../../../src/server/types/listpack.ts';
import { encodeCommand, type RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';

const use = useResources();

const integers = fc.oneof(
  fc.integer({ min: -10, max: 200 }),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const texts = fc.oneof(
  integers.map(String),
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  fc
    .tuple(fc.constantFrom(62, 63, 64, 125, 126, 4095, 4096, 17_000), fc.constantFrom('a', 'b'))
    .map(([length, letter]) => letter.repeat(length)),
);

type Step =
  | { kind: 'append' | 'prepend' | 'find'; text: string }
  | { kind: 'appendInteger'; value: number | bigint }
  | { kind: 'insert' | 'insertAfter' | 'replace'; index: number; text: string }
  | { kind: 'insertInteger' | 'replaceInteger'; index: number; value: number | bigint }
  | { kind: 'removeRange'; index: number; count: number }
  | { kind: 'clear' };

const index = fc.nat(1000);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), text: texts }) },
  fc.record({ kind: fc.constantFrom('find' as const, 'prepend' as const), text: texts }),
  fc.record({ kind: fc.constant('appendInteger' as const), value: integers }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('insert' as const, 'insertAfter' as const, 'replace' as const),
      index,
      text: texts,
    }),
  },
  fc.record({
    kind: fc.constantFrom('insertInteger' as const, 'replaceInteger' as const),
    index,
    value: integers,
  }),
  fc.record({ kind: fc.constant('removeRange' as const), index, count: fc.nat(6) }),
  fc.record({ kind: fc.constant('clear' as const) }),
);

function bytes(text: string): [Buffer, number, number] {
  return [Buffer.from(`<${text}>`, 'latin1'), 1, text.length + 1];
}

function textAt(listpack: Listpack, at: number): string {
  listpack.read(at);
  return listpack.windowBuffer.toString('latin1', listpack.windowStart, listpack.windowEnd);
}

function apply(listpack: Listpack, model: string[], step: Step): void {
  switch (step.kind) {
    case 'append':
      expect(textAt(listpack, listpack.append(...bytes(step.text)))).toBe(step.text);
      model.push(step.text);
      break;
    case 'prepend':
      expect(textAt(listpack, listpack.prepend(...bytes(step.text)))).toBe(step.text);
      model.unshift(step.text);
      break;
    case 'appendInteger':
      listpack.appendInteger(step.value);
      model.push(String(step.value));
      break;
    case 'find':
      checkFind(listpack, model, step.text);
      break;
    case 'clear':
      listpack.clear();
      model.length = 0;
      break;
    default:
      if (model.length > 0) applyAt(listpack, model, step);
  }
}

function applyAt(
  listpack: Listpack,
  model: string[],
  step: Extract<Step, { index: number }>,
): void {
  const place = step.index % model.length;
  const at = listpack.seek(place);
  switch (step.kind) {
    case 'insert':
      expect(textAt(listpack, listpack.insert(at, ...bytes(step.text)))).toBe(step.text);
      model.splice(place, 0, step.text);
      break;
    case 'insertAfter':
      expect(textAt(listpack, listpack.insertAfter(at, ...bytes(step.text)))).toBe(step.text);
      model.splice(place + 1, 0, step.text);
      break;
    case 'insertInteger':
      expect(listpack.bigInteger(listpack.insertInteger(at, step.value))).toBe(BigInt(step.value));
      model.splice(place, 0, String(step.value));
      break;
    case 'replace':
      listpack.replace(at, ...bytes(step.text));
      model[place] = step.text;
      break;
    case 'replaceInteger':
      listpack.replaceInteger(at, step.value);
      model[place] = String(step.value);
      break;
    case 'removeRange': {
      const next = listpack.removeRange(at, step.count);
      model.splice(place, step.count);
      expect(next === 0 ? undefined : textAt(listpack, next)).toBe(model[place]);
    }
  }
}

function checkFind(listpack: Listpack, model: readonly string[], text: string): void {
  for (const sought of [text, ...model.slice(-3)]) {
    expect(listpack.find(...bytes(sought), listpack.first())).toBe(
      listpack.seek(model.indexOf(sought)) * Number(model.includes(sought)),
    );
    const inPairs = model.findIndex((element, place) => place % 2 === 0 && element === sought);
    const at = listpack.find(...bytes(sought), listpack.first(), 1);
    expect(at).toBe(inPairs === -1 ? 0 : listpack.seek(inPairs));
  }
}

function checkSame(listpack: Listpack, model: readonly string[]): void {
  expect(listpack.length).toBe(model.length);
  expect(forwards(listpack)).toEqual(model);
  expect(backwards(listpack)).toEqual([...model].reverse());
  for (const [place, element] of model.entries()) {
    expect(listpack.seek(place)).toBe(listpack.seek(place - model.length));
    expect(listpack.equals(listpack.seek(place), ...bytes(element))).toBe(true);
    expect(listpack.equals(listpack.seek(place), ...bytes(`${element}0`))).toBe(false);
    const order = listpack.compare(listpack.seek(place), ...bytes(model[0]));
    const wanted = Buffer.compare(Buffer.from(element, 'latin1'), Buffer.from(model[0], 'latin1'));
    expect(Math.sign(order)).toBe(wanted);
  }
  expect([listpack.seek(model.length), listpack.seek(-1 - model.length)]).toEqual([0, 0]);
  const size = model.reduce((sum, element) => sum + Listpack.sizeOf(...bytes(element)), 7);
  expect(listpack.byteLength).toBe(size);
  expect(listpack.bytes.readUInt32LE(0)).toBe(size);
  expect(listpack.reservedBytes).toBeLessThanOrEqual(Math.max(128, size * 2 + 16));
}

function forwards(listpack: Listpack): string[] {
  const elements: string[] = [];
  for (let at = listpack.first(); at !== 0; at = listpack.next(at)) {
    elements.push(textAt(listpack, at));
  }
  return elements;
}

function backwards(listpack: Listpack): string[] {
  const elements: string[] = [];
  for (let at = listpack.last(); at !== 0; at = listpack.previous(at)) {
    elements.push(textAt(listpack, at));
  }
  return elements;
}

test('behaves as an array of strings', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), (program) => {
      const listpack = new Listpack();
      const model: string[] = [];
      for (const step of program) apply(listpack, model, step);
      checkSame(listpack, model);
      checkSame(listpack.copy(), model);
    }),
    { numRuns: 300 },
  );
});

test('a copy does not change with the original', () => {
  const listpack = new Listpack();
  listpack.append(...bytes('one'));
  const copy = listpack.copy();
  listpack.replace(listpack.first(), ...bytes('two'));
  expect([forwards(listpack), forwards(copy)]).toEqual([['two'], ['one']]);
});

test('more elements than the header can count', () => {
  const listpack = new Listpack();
  for (let value = 0; value < 70_000; value++) listpack.appendInteger(value);
  expect(listpack.bytes.readUInt16LE(4)).toBe(0xffff);
  expect(listpack.copy().length).toBe(70_000);
  listpack.removeRange(listpack.seek(10), 69_980);
  expect(listpack.bytes.readUInt16LE(4)).toBe(20);
  expect(textAt(listpack, listpack.seek(10))).toBe('69990');
});

test('the window on an integer stays while others are compared with it', () => {
  const listpack = new Listpack();
  listpack.append(...bytes('-5'));
  listpack.append(...bytes('123456'));
  listpack.read(listpack.last());
  const { windowBuffer, windowStart, windowEnd } = listpack;
  expect(listpack.compare(listpack.first(), windowBuffer, windowStart, windowEnd)).toBeLessThan(0);
  expect(windowBuffer.toString('latin1', windowStart, windowEnd)).toBe('123456');
});

test('integers that double precision confuses are told apart', () => {
  const listpack = new Listpack();
  listpack.append(...bytes('9223372036854775807'));
  const first = listpack.first();
  expect(listpack.find(...bytes('9223372036854775806'), first)).toBe(0);
  expect(listpack.find(...bytes('9223372036854775807'), first)).toBe(first);
  expect(listpack.equals(first, ...bytes('9223372036854775806'))).toBe(false);
});

describe('bytes', () => {
  const small = '0 127 128 -1 4095 -4096 4096 32767 -32768 32768 8388607 -8388608 8388608';
  const large = '2147483647 2147483648 -2147483649 9223372036854775807 -9223372036854775808';
  const strings = '9223372036854775808 -0 007 1.5';
  const lengths = [0, 1, 63, 64, 125, 126, 127, 128, 4095, 4096, 16_378, 16_379];
  const elements = [
    ...`${small} ${large} ${strings}`.split(' '),
    ...lengths.map((length) => 'x'.repeat(length)),
  ];

  test('equal those of Redis', async (context) => {
    needServer(context, 'redis7');
    const args = ['--list-max-listpack-size', '-5', '--rdbcompression', 'no'];
    const client = await (await use.server('redis7', { args })).connect();
    await client.must('RPUSH', 'list', ...elements);
    const listpack = new Listpack();
    for (const element of elements) listpack.append(...bytes(element));
    const held = listpack.bytes.subarray(0, listpack.byteLength);
    expect(await dump(client, 'list')).toContain(held.toString('latin1'));
  });

  test('equal those of Redis after edits', async (context) => {
    needServer(context, 'redis7');
    const args = ['--list-max-listpack-size', '-5', '--rdbcompression', 'no'];
    const client = await (await use.server('redis7', { args })).connect();
    const start = ['a', '1', 'b', 'x'.repeat(200), '70000', 'c'];
    await client.must('RPUSH', 'list', ...start);
    await client.must('LSET', 'list', 1, 'y'.repeat(130));
    await client.must('LSET', 'list', 3, 12);
    await client.must('LINSERT', 'list', 'AFTER', 'b', 'behind b');
    await client.must('LINSERT', 'list', 'BEFORE', 'a', -5);
    await client.must('LTRIM', 'list', 0, -2);
    const listpack = new Listpack();
    for (const element of start) listpack.append(...bytes(element));
    listpack.replace(listpack.seek(1), ...bytes('y'.repeat(130)));
    listpack.replaceInteger(listpack.seek(3), 12);
    listpack.insertAfter(listpack.find(...bytes('b'), listpack.first()), ...bytes('behind b'));
    listpack.insertInteger(listpack.first(), -5);
    listpack.remove(listpack.last());
    const held = listpack.bytes.subarray(0, listpack.byteLength);
    expect(await dump(client, 'list')).toContain(held.toString('latin1'));
  });
});

async function dump(client: RespClient, key: string): Promise<string> {
  const payload = await client.exchange(encodeCommand(['DUMP', key]));
  return payload.toString('latin1');
}
