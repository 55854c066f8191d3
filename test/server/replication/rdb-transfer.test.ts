import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TransferForm } from '../../../src/server/replication/rdb-transfer.ts';
import { RdbTransfer } from '../../../src/server/replication/rdb-transfer.ts';

const mark = Buffer.from('5275722c35540b987cdfe6857eaf431605c5addf');

/** Feeds `bytes` cut at `cuts`; returns the payload and what came after it. */
function run(form: TransferForm, bytes: Buffer, cuts: readonly number[]) {
  const transfer = new RdbTransfer(form);
  const payload: Buffer[] = [];
  const rest: Uint8Array[] = [];
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])];
  let from = 0;
  for (const to of ends.sort((a, b) => a - b)) {
    const chunk = bytes.subarray(from, to);
    from = to;
    if (transfer.done) rest.push(chunk);
    else rest.push(transfer.feed(chunk, (view) => payload.push(Buffer.from(view))));
  }
  expect(transfer.receivedBytes).toBe(Buffer.concat(payload).length);
  return { payload: Buffer.concat(payload), rest: Buffer.concat(rest), done: transfer.done };
}

describe('RdbTransfer', () => {
  it('splits a length form, fed byte by byte or at once', () => {
    const bytes = Buffer.from('REDIS0010...rest');
    const form = { kind: 'length', sizeBytes: 12 } as const;
    for (const cuts of [[], [...bytes.keys()]]) {
      expect(run(form, bytes, cuts)).toEqual({
        payload: bytes.subarray(0, 12),
        rest: Buffer.from('rest'),
        done: true,
      });
    }
  });

  it('is done at once for a length of zero', () => {
    expect(new RdbTransfer({ kind: 'length', sizeBytes: 0 }).done).toBe(true);
  });

  it('splits an eof form, fed byte by byte or at once', () => {
    const bytes = Buffer.concat([Buffer.from('REDIS0010'), mark, Buffer.from('*1\r\n')]);
    for (const cuts of [[], [...bytes.keys()]]) {
      expect(run({ kind: 'eof', mark }, bytes, cuts)).toEqual({
        payload: Buffer.from('REDIS0010'),
        rest: Buffer.from('*1\r\n'),
        done: true,
      });
    }
  });

  it('holds back only what may be the mark', () => {
    const transfer = new RdbTransfer({ kind: 'eof', mark });
    let emitted = '';
    const emit = (view: Uint8Array): void => {
      emitted += Buffer.from(view).toString();
    };
    transfer.feed(Buffer.from('abc5275'), emit);
    expect(emitted).toBe('abc');
    transfer.feed(Buffer.from('x'), emit);
    expect(emitted).toBe('abc5275x');
  });

  it('gives the same result however the bytes are cut, in both forms', () => {
    // A mark of few letters overlaps with itself and with the payload: the hard case.
    const letters = fc.constantFrom(97, 98);
    const bytesOf = (max: number) =>
      fc.array(letters, { minLength: 1, maxLength: max }).map((list) => Buffer.from(list));
    const marks = fc.array(letters, { minLength: 40, maxLength: 40 }).map((l) => Buffer.from(l));
    fc.assert(
      fc.property(
        bytesOf(300),
        marks,
        bytesOf(20),
        fc.array(fc.nat(400)),
        (rdb, end, after, cuts) => {
          const bytes = Buffer.concat([rdb, end, after]);
          const splitAt = bytes.indexOf(end);
          expect(run({ kind: 'eof', mark: end }, bytes, cuts)).toEqual({
            payload: bytes.subarray(0, splitAt),
            rest: bytes.subarray(splitAt + 40),
            done: true,
          });
          const sizeBytes = rdb.length;
          expect(run({ kind: 'length', sizeBytes }, bytes, cuts).payload).toEqual(rdb);
        },
      ),
      { numRuns: 300 },
    );
  });
});
