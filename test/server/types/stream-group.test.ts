import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamGroup } from '../../../src/server/types/stream-group.ts';
import { StreamId } from '../../../src/rdb/structure/stream-id.ts';

const names = ['alice', 'bob', 'zoë', ''];
const name = fc.constantFrom(...names);
const number = fc.nat(300);

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('deliver' as const), number, name }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), number }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('assign' as const), number, name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), name }) },
);

interface Pending {
  owner: string;
  atMs: number;
  count: number;
}

function idOf(value: number): StreamId {
  return new StreamId().set(0, value >>> 3, 0, value & 7);
}

function numberOf(id: StreamId): number {
  return (id.msLow << 3) | id.seqLow;
}

function consumerOf(group: StreamGroup, name: string) {
  return group.consumer(name) ?? group.createConsumer(name, 0);
}

/** The pending entries of the group, in its order. */
function pendingOf(group: StreamGroup): [number, Pending][] {
  const rows: [number, Pending][] = [];
  const { pending } = group;
  for (let place = pending.first(); place !== -1; place = pending.next(place)) {
    rows.push([
      numberOf(pending.readId(place, new StreamId())),
      {
        owner: group.ownerAt(place)?.name ?? 'nobody',
        atMs: group.deliveredAtMs(place),
        count: Number(group.deliveriesAt(place)),
      },
    ]);
  }
  return rows;
}

function pendingOfConsumer(group: StreamGroup, name: string): number[] {
  const pending = group.consumer(name)?.pending;
  const ids: number[] = [];
  if (pending === undefined) return ids;
  for (let place = pending.first(); place !== -1; place = pending.next(place)) {
    ids.push(numberOf(pending.readId(place, new StreamId())));
  }
  return ids;
}

function change(
  group: StreamGroup,
  model: Map<number, Pending>,
  each: typeof step extends fc.Arbitrary<infer T> ? T : never,
  nowMs: number,
): void {
  if (each.kind === 'deliver') {
    group.deliver(idOf(each.number), consumerOf(group, each.name), nowMs);
    model.set(each.number, { owner: each.name, atMs: nowMs, count: 1 });
  } else if (each.kind === 'acknowledge') {
    const place = group.pending.find(idOf(each.number));
    expect(place !== -1).toBe(model.delete(each.number));
    if (place !== -1) group.removePending(place);
  } else if (each.kind === 'assign') {
    const place = group.pending.find(idOf(each.number));
    const pending = model.get(each.number);
    if (pending === undefined) return;
    group.assign(place, idOf(each.number), consumerOf(group, each.name));
    group.setDeliveries(place, pending.count + 1);
    model.set(each.number, { ...pending, owner: each.name, count: pending.count + 1 });
  } else {
    const consumer = group.consumer(each.name);
    if (consumer !== null) group.deleteConsumer(consumer);
    for (const [id, { owner }] of model) if (owner === each.name) model.delete(id);
  }
}

describe('a consumer group', () => {
  test('keeps its pending entries and those of each consumer in step', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let group = new StreamGroup('g');
        const model = new Map<number, Pending>();
        steps.forEach((each, index) => {
          change(group, model, each, 1_700_000_000_000 + index);
          if (index % 50 === 49) group = group.copy();
        });
        expect(pendingOf(group)).toEqual([...model].toSorted(([a], [b]) => a - b));
        for (const name of names) {
          const own = [...model].filter(([, { owner }]) => owner === name).map(([id]) => id);
          expect(pendingOfConsumer(group, name)).toEqual(own.toSorted((a, b) => a - b));
        }
      }),
    );
  });

  test('lists consumers by the bytes of their names', () => {
    const group = new StreamGroup('g');
    for (const name of ['b', '\xff', '', 'a\0', 'a']) group.createConsumer(name, 5);
    expect(group.consumers().map(({ name }) => name)).toEqual(['', 'a', 'a\0', 'b', '\xff']);
    expect(group.consumerCount).toBe(5);
  });

  test('counts deliveries over 64 bits', () => {
    const group = new StreamGroup('g');
    const place = group.deliver(idOf(1), group.createConsumer('c', 0), 0);
    for (const count of [2, 2 ** 32 + 1, 2n ** 60n + 1n]) {
      group.setDeliveries(place, count);
      expect(group.deliveriesAt(place)).toBe(count);
    }
  });

  test('gives a consumer number that is free to the next one', () => {
    const group = new StreamGroup('g');
    const [a, b] = [group.createConsumer('a', 0), group.createConsumer('b', 0)];
    group.deliver(idOf(1), a, 7);
    group.deliver(idOf(2), b, 7);
    group.deleteConsumer(a);
    const c = group.createConsumer('c', 0);
    group.deliver(idOf(3), c, 7);
    expect(pendingOf(group).map(([id, { owner }]) => [id, owner])).toEqual([
      [2, 'b'],
      [3, 'c'],
    ]);
  });
});
