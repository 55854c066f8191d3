import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { LogCursor } from '../../../src/server/replication/replication-log.ts';
import { ReplicationLog } from '../../../src/server/replication/replication-log.ts';
import { assert } from '../../../src/util/errors.ts';

const blockBytes = 16 * 1024;

function bytesAt(offset: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => patternAt(offset + index));
}

/** What the byte at `offset` is in all these tests. */
function patternAt(offset: number): number {
  return (offset * 31 + (offset >> 8)) & 0xff;
}

function appendPattern(log: ReplicationLog, count: number): void {
  const padded = new Uint8Array(count + 5);
  padded.set(bytesAt(log.masterReplOffset + 1, count), 3);
  log.append(padded, 3, 3 + count);
}

function expectInvariant(log: ReplicationLog): void {
  if (!log.active) return;
  expect(log.replBacklogFirstByteOffset + log.replBacklogHistlen).toBe(log.masterReplOffset + 1);
}

function readAll(cursor: LogCursor): number[] {
  const out: number[] = [];
  for (let view = cursor.peek(); view.length > 0; view = cursor.peek()) {
    out.push(...view);
    cursor.advance(view.length);
  }
  return out;
}

describe('ReplicationLog', () => {
  it('records nothing and stands still while inactive, as Redis does before its first replica', () => {
    const log = new ReplicationLog({ replBacklogSize: 1000 });
    appendPattern(log, 50);
    expect(log.masterReplOffset).toBe(0);
    expect(log.replBacklogFirstByteOffset).toBe(0);
    expect(log.openCursor(1)).toBeNull();
    log.activate();
    expect(log.replBacklogFirstByteOffset).toBe(1);
    expect(log.replBacklogHistlen).toBe(0);
    appendPattern(log, 50);
    expect(log.window()).toEqual({ active: true, firstByteOffset: 1, masterReplOffset: 50 });
  });

  it('serves every offset of its window and no other', () => {
    const log = new ReplicationLog({ replBacklogSize: 1000, masterReplOffset: 100 });
    log.activate();
    appendPattern(log, 20);
    expect(log.openCursor(100)).toBeNull();
    expect(log.openCursor(122)).toBeNull();
    expect(readAll(log.openCursor(101)!)).toEqual([...bytesAt(101, 20)]);
    expect(readAll(log.openCursor(115)!)).toEqual([...bytesAt(115, 6)]);
    expect(readAll(log.openCursor(121)!)).toEqual([]);
  });

  it('keeps at least repl-backlog-size bytes, and not many more', () => {
    const log = new ReplicationLog({ replBacklogSize: 100_000 });
    log.activate();
    for (let round = 0; round < 3000; round++) appendPattern(log, 113);
    expect(log.replBacklogHistlen).toBeGreaterThanOrEqual(100_000);
    expect(log.replBacklogHistlen).toBeLessThan(100_000 + 2 * blockBytes);
    const { replBacklogFirstByteOffset: first, replBacklogHistlen: length } = log;
    expect(readAll(log.openCursor(first)!)).toEqual([...bytesAt(first, length)]);
  });

  it('takes one append that is larger than the whole backlog', () => {
    const log = new ReplicationLog({ replBacklogSize: 1000 });
    log.activate();
    appendPattern(log, 5 * blockBytes + 7);
    expectInvariant(log);
    expect(log.replBacklogHistlen).toBeLessThanOrEqual(1000 + blockBytes);
    const { replBacklogFirstByteOffset: first, masterReplOffset: last } = log;
    expect(readAll(log.openCursor(first)!)).toEqual([...bytesAt(first, last + 1 - first)]);
  });

  it('outgrows its size while a slow cursor needs it, and shrinks when the cursor goes', () => {
    const log = new ReplicationLog({ replBacklogSize: 1000 });
    log.activate();
    const slow = log.openCursor(1)!;
    for (let round = 0; round < 20; round++) appendPattern(log, 10_000);
    expect(log.replBacklogHistlen).toBe(200_000);
    expect(slow.lagBytes).toBe(200_000);
    slow.close();
    expect(log.replBacklogHistlen).toBeLessThan(1000 + 2 * blockBytes);
    expect(log.memoryBytes).toBeLessThan(8 * blockBytes);
    slow.close();
    expect(log.cursorCount).toBe(0);
  });

  it('keeps a view as it is until the cursor advances past it', () => {
    const log = new ReplicationLog({ replBacklogSize: 1000 });
    log.activate();
    appendPattern(log, 500);
    const cursor = log.openCursor(1)!;
    const view = cursor.peek();
    for (let round = 0; round < 20; round++) appendPattern(log, 10_000);
    expect([...view]).toEqual([...bytesAt(1, 500)]);
    cursor.advance(view.length);
    expect(cursor.offset).toBe(501);
    expect(readAll(cursor)).toEqual([...bytesAt(501, 199_999 + 1)]);
  });

  it('never reuses memory of a view that was out when its cursor was closed', () => {
    const log = new ReplicationLog({ replBacklogSize: 1000 });
    log.activate();
    appendPattern(log, 500);
    const cursor = log.openCursor(1)!;
    const view = cursor.peek();
    cursor.close();
    for (let round = 0; round < 50; round++) appendPattern(log, 10_000);
    expect([...view]).toEqual([...bytesAt(1, 500)]);
  });

  it('reuses its blocks in a steady state', () => {
    const log = new ReplicationLog({ replBacklogSize: 100_000 });
    log.activate();
    for (let round = 0; round < 100; round++) appendPattern(log, 10_000);
    const { memoryBytes } = log;
    for (let round = 0; round < 100; round++) appendPattern(log, 10_000);
    expect(log.memoryBytes).toBe(memoryBytes);
  });

  it('follows a change of its size at once', () => {
    const log = new ReplicationLog({ replBacklogSize: 1_000_000 });
    log.activate();
    for (let round = 0; round < 100; round++) appendPattern(log, 10_000);
    expect(log.replBacklogHistlen).toBe(1_000_000);
    log.resize(100_000);
    expect(log.replBacklogHistlen).toBeLessThan(100_000 + 2 * 65_536);
    expect(log.replBacklogSize).toBe(100_000);
    expectInvariant(log);
  });

  it('keeps its offset when released, and begins a new window behind it', () => {
    const log = new ReplicationLog({ replBacklogSize: 1000 });
    log.activate();
    appendPattern(log, 500);
    log.deactivate();
    appendPattern(log, 500);
    expect(log.masterReplOffset).toBe(500);
    expect(log.memoryBytes).toBe(0);
    log.activate();
    expect(log.replBacklogFirstByteOffset).toBe(501);
    log.reset(7);
    expect(log.window()).toEqual({ active: true, firstByteOffset: 8, masterReplOffset: 7 });
  });

  it('refuses to forget what a cursor still needs', () => {
    const log = new ReplicationLog({ replBacklogSize: 1000 });
    log.activate();
    const cursor = log.openCursor(1)!;
    expect(() => log.reset(7)).toThrow('only without cursors');
    expect(() => cursor.advance(1)).toThrow('within its view');
  });

  it('calls onAppend once per request, whatever is appended', () => {
    const log = new ReplicationLog({ replBacklogSize: 1000 });
    log.activate();
    log.onAppend = vi.fn<() => void>();
    appendPattern(log, 5);
    expect(log.onAppend).not.toHaveBeenCalled();
    log.notifyOnAppend();
    for (let round = 0; round < 10; round++) appendPattern(log, 5);
    expect(log.onAppend).toHaveBeenCalledTimes(1);
  });

  it('agrees with a plain array under any appends, reads, cursors and resizes', () => {
    fc.assert(
      fc.property(fc.array(actions, { maxLength: 80 }), (list) => {
        const model = new LogModel();
        for (const one of list) {
          applyAction(model, one);
          model.check();
        }
        expect(model.log.cursorCount).toBe(model.cursors.length);
      }),
      { numRuns: 150 },
    );
  });
});

const actions = fc.oneof(
  fc.record({
    kind: fc.constant('append' as const),
    count: fc.integer({ min: 1, max: 40_000 }),
  }),
  fc.record({ kind: fc.constant('small' as const), count: fc.integer({ min: 1, max: 90 }) }),
  fc.record({ kind: fc.constant('open' as const), back: fc.integer({ min: 0, max: 200_000 }) }),
  fc.record({ kind: fc.constant('read' as const), which: fc.nat(5), part: fc.nat(100) }),
  fc.record({ kind: fc.constant('close' as const), which: fc.nat(5) }),
  fc.record({
    kind: fc.constant('resize' as const),
    size: fc.integer({ min: 1, max: 400_000 }),
  }),
);

type Action = typeof actions extends fc.Arbitrary<infer One> ? One : never;

/** The log beside what we know of it: each byte is given by its offset, each cursor by its next. */
class LogModel {
  readonly log = new ReplicationLog({ replBacklogSize: 30_000, masterReplOffset: 77 });
  readonly cursors: { readonly cursor: LogCursor; next: number }[] = [];

  constructor() {
    this.log.activate();
  }

  open(back: number): void {
    const offset = this.log.masterReplOffset + 1 - back;
    const cursor = this.log.openCursor(offset);
    const held = offset >= this.log.replBacklogFirstByteOffset;
    assert((cursor !== null) === held, `a cursor at ${offset} opens if the log holds it`);
    if (cursor !== null) this.cursors.push({ cursor, next: offset });
  }

  read(which: number, percent: number): void {
    const chosen = this.cursors[which];
    if (chosen === undefined) return;
    const view = chosen.cursor.peek();
    assert((view.length === 0) === (chosen.cursor.lagBytes === 0), 'empty only when caught up');
    const wanted = bytesAt(chosen.next, view.length);
    assert(Buffer.from(view).equals(wanted), `the bytes from ${chosen.next} on`);
    const taken = Math.ceil((view.length * percent) / 100);
    chosen.cursor.advance(taken);
    chosen.next += taken;
  }

  close(which: number): void {
    const [chosen] = this.cursors.splice(which, 1);
    chosen?.cursor.close();
  }

  check(): void {
    const { log, cursors } = this;
    const { replBacklogFirstByteOffset: first, replBacklogHistlen: length } = log;
    assert(first + length === log.masterReplOffset + 1, 'the window ends at the offset');
    assert(log.cursorCount === cursors.length, 'cursors are counted');
    const placed = cursors.every(({ cursor, next }) => cursor.offset === next && next >= first);
    assert(placed, 'no cursor is left behind');
  }
}

function applyAction(model: LogModel, action: Action): void {
  switch (action.kind) {
    case 'append':
    case 'small':
      return appendPattern(model.log, action.count);
    case 'resize':
      return model.log.resize(action.size);
    case 'open':
      return model.open(action.back);
    case 'read':
      return model.read(action.which, action.part);
    case 'close':
      return model.close(action.which);
  }
}
