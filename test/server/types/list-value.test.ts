/** The list against a naive array: every operation, all node limits, elements of all encodings. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ListpackReader } from '../../../src/rdb/structure/listpack.ts';
import { StringWindow } from '../../../src/rdb/string-window.ts';
import { SoughtElement } from '../../../src/server/types/list-cursor.ts';
import { ListValue } from '../../../src/server/types/list-value.ts';
import { defaultEncodingLimits, type ValueSettings } from '../../../src/server/types/value.ts';

/** Latin1 text; its bytes lie in the middle of a larger buffer, as arguments do. */
type Element = string;

function bytesOf(element: Element): [Buffer, number, number] {
  const bytes = Buffer.from(`<<${element}>`, 'latin1');
  return [bytes, 2, bytes.length - 1];
}

function settingsOf(limits: Partial<ValueSettings> = {}): ValueSettings {
  return { ...defaultEncodingLimits, hashSeed: 1, ...limits };
}

function listOf(elements: readonly Element[], limits?: Partial<ValueSettings>): ListValue {
  const list = new ListValue(settingsOf(limits));
  for (const element of elements) list.pushTail(...bytesOf(element));
  return list;
}

function forwards(list: ListValue): Element[] {
  const found: Element[] = [];
  const cursor = list.cursorAt(0);
  if (cursor === null) return found;
  do {
    cursor.read();
    found.push(cursor.windowBuffer.toString('latin1', cursor.windowStart, cursor.windowEnd));
  } while (cursor.next());
  return found;
}

function backwards(list: ListValue): Element[] {
  const found: Element[] = [];
  const cursor = list.cursorAt(-1);
  if (cursor === null) return found;
  do {
    cursor.read();
    found.push(cursor.windowBuffer.toString('latin1', cursor.windowStart, cursor.windowEnd));
  } while (cursor.previous());
  return found;
}

/** What must hold of the nodes whatever has happened. */
function checkNodes(list: ListValue): void {
  const nodes = [...list.nodes()];
  expect(list.nodeCount).toBe(nodes.length);
  expect(nodes.reduce((sum, { count }) => sum + count, 0)).toBe(list.size);
  const reserved = nodes.reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(list.memoryBytes).toBe(160 + nodes.length * 320 + reserved);
  for (const [index, node] of nodes.entries()) {
    expect(node.previous).toBe(nodes[index - 1] ?? null);
    expect(node.next).toBe(nodes[index + 1] ?? null);
    expect(node.count).toBeGreaterThan(0);
    if (node.isPlain) expect(node.count).toBe(1);
    else checkListpack(node.toBytes(), node.count);
  }
}

/** With the reader that checks what comes out of RDBs. */
function checkListpack(bytes: Buffer, count: number): void {
  const window = new StringWindow();
  window.show(bytes, 0, bytes.length);
  const reader = new ListpackReader(window, { what: 'a node', offset: 0 });
  while (reader.step()) expect(reader.isCanonical).toBe(true);
  expect(reader.count).toBe(count);
}

const element: fc.Arbitrary<Element> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', '', '7', '-1', 'word') },
  fc.integer({ min: -5000, max: 5000 }).map(String),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.integer({ min: 0, max: 300 }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 3900, max: 9000 }).map((length) => 'y'.repeat(length)),
  fc.constant('z'.repeat(40_000)),
);

/** One step, on the list and on the model; it must leave them equal. */
type Step = (list: ListValue, model: Element[]) => void;

const end = fc.constantFrom('head' as const, 'tail' as const);
const side = fc.constantFrom('before' as const, 'after' as const);
/** Where in a list: a share of its length, so that it means something for every length. */
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const indexAt = (share: number, model: readonly Element[]): number =>
  Math.floor(share * model.length);

const push = fc.tuple(end, element).map(([where, added]): Step => (list, model) => {
  list.push(where, ...bytesOf(added));
  if (where === 'head') model.unshift(added);
  else model.push(added);
});
const pop = end.map((where): Step => (list, model) => {
  if (model.length === 0) return;
  list.pop(where);
  const expected = where === 'head' ? model.shift() : model.pop();
  const popped = list.windowBuffer.toString('latin1', list.windowStart, list.windowEnd);
  if (popped !== expected) throw new Error(`popped ${popped}, not ${expected}`);
});
const insert = fc.tuple(place, side, element).map(([share, where, added]): Step => {
  return (list, model) => {
    const index = indexAt(share, model);
    const cursor = list.cursorAt(index);
    if (cursor === null) return;
    list.insert(cursor, where, ...bytesOf(added));
    model.splice(where === 'after' ? index + 1 : index, 0, added);
  };
});
const replace = fc.tuple(place, element).map(([share, added]): Step => (list, model) => {
  const index = indexAt(share, model);
  const cursor = list.cursorAt(index - model.length);
  if (cursor === null) return;
  list.replace(cursor, ...bytesOf(added));
  model[index] = added;
});
const removeRange = fc.tuple(place, place).map(([from, length]): Step => (list, model) => {
  const index = indexAt(from, model);
  const count = Math.ceil(length * length * (model.length - index));
  list.removeRange(index, count);
  model.splice(index, count);
});
/** As LREM does. */
const removeEqual = fc
  .tuple(element, end, fc.integer({ min: 1, max: 3 }))
  .map(([sought, towards, most]): Step => (list, model) => {
    const soughtElement = new SoughtElement(...bytesOf(sought));
    const cursor = list.cursorAt(towards === 'tail' ? 0 : -1);
    let left = most;
    for (; cursor?.find(soughtElement, towards) === true && left > 0;) {
      left--;
      if (!list.remove(cursor, towards)) break;
    }
    const walked = towards === 'tail' ? model : model.toReversed();
    let removed = 0;
    const kept = walked.filter((each) => each !== sought || removed++ >= most);
    model.splice(0, model.length, ...(towards === 'tail' ? kept : kept.toReversed()));
  });
const setThreshold = fc.constantFrom(2 ** 30, 100, 3);

const step = fc.oneof(
  { weight: 6, arbitrary: push },
  { weight: 3, arbitrary: pop },
  { weight: 4, arbitrary: insert },
  { weight: 2, arbitrary: replace },
  { weight: 1, arbitrary: removeRange },
  { weight: 1, arbitrary: removeEqual },
);

describe('a list', () => {
  test('holds what an array holds, whatever happens to it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(-2, -1, -5, -9, 0, 1, 3, 16, 100_000),
        setThreshold,
        fc.array(step, { maxLength: 120 }),
        (listMaxListpackSize, quicklistPackedThreshold, steps) => {
          const list = listOf([], { listMaxListpackSize, quicklistPackedThreshold });
          const model: Element[] = [];
          for (const run of steps) {
            run(list, model);
            expect(list.size).toBe(model.length);
          }
          expect(forwards(list)).toEqual(model);
          expect(backwards(list)).toEqual(model.toReversed());
          checkNodes(list);
          const copy = list.copy();
          list.removeRange(0, list.size);
          expect([list.size, list.nodeCount, list.memoryBytes]).toEqual([0, 0, 160]);
          expect(forwards(copy)).toEqual(model);
          checkNodes(copy);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('is found by index from either end', () => {
    const elements = Array.from({ length: 3000 }, (_, index) => `element ${index}`);
    const list = listOf(elements);
    expect(list.nodeCount).toBeGreaterThan(3);
    for (const index of [0, 1, 499, 500, 1499, 1500, 2998, 2999]) {
      for (const cursor of [list.cursorAt(index), list.cursorAt(index - 3000)]) {
        cursor?.read();
        expect(cursor?.windowBuffer.toString('latin1', cursor.windowStart, cursor.windowEnd)).toBe(
          elements[index],
        );
      }
    }
    expect(list.cursorAt(3000)).toBeNull();
    expect(list.cursorAt(-3001)).toBeNull();
  });

  test('takes listpacks as nodes', () => {
    const source = listOf(['1', 'two', '-3000', 'four'.repeat(100)]);
    const list = listOf(['zero']);
    const [node] = source.nodes();
    const bytes = Buffer.concat([Buffer.from('..'), node.toBytes()]);
    expect(list.pushListpack(bytes, 2, bytes.length, node.count)).toBe(true);
    expect(forwards(list)).toEqual(['zero', ...forwards(source)]);
    checkNodes(list);
  });

  test('a queue of constant length takes constant memory', () => {
    const list = listOf(Array.from({ length: 10 }, (_, index) => `job ${index}`));
    for (let round = 0; round < 20_000; round++) {
      list.pushTail(...bytesOf(`job ${round}`));
      list.pop('head');
    }
    expect(list.size).toBe(10);
    expect(list.memoryBytes).toBeLessThan(1500);
  });

  test('gives memory back as it gets shorter', () => {
    const list = listOf(Array.from({ length: 10_000 }, (_, index) => `element ${index}`));
    const full = list.memoryBytes;
    for (let left = 10_000; left > 3; left--) list.pop('tail');
    expect(list.memoryBytes).toBeLessThan(1000);
    expect(full).toBeLessThan(10_000 * 17 * 1.2);
  });
});
