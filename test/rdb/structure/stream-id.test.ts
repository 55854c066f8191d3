import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareIds, maxIdTextBytes, StreamId } from '../../../src/rdb/structure/stream-id.ts';

const uint64 = fc.oneof(
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.bigInt(0n, 100n),
  fc.bigInt(0n, 100n).map((back) => 2n ** 64n - 1n - back),
  fc.bigInt(-5n, 5n).map((from) => 2n ** 32n + from),
  fc.bigInt(-5n, 5n).map((from) => 2n ** 53n + from),
);
const idPair = fc.tuple(uint64, uint64);
type Pair = readonly [ms: bigint, seq: bigint];

function idOf([ms, seq]: Pair): StreamId {
  const id = new StreamId();
  id.setMs(ms);
  id.setSeq(seq);
  return id;
}

function whole([ms, seq]: Pair): bigint {
  return (ms << 64n) | seq;
}

function wholeOf(id: StreamId): bigint {
  return whole(id.text().split('-').map(BigInt) as unknown as Pair);
}

describe('a stream id', () => {
  test('prints both numbers exactly', () => {
    fc.assert(
      fc.property(idPair, (pair) => {
        const id = idOf(pair);
        expect(id.text()).toBe(`${pair[0]}-${pair[1]}`);
        const bytes = Buffer.alloc(maxIdTextBytes);
        expect(bytes.toString('latin1', 0, id.writeText(bytes, 0))).toBe(id.text());
      }),
    );
  });

  test('takes safe integers as it takes bigints', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (ms, seq) => {
        const id = new StreamId();
        id.setMs(ms);
        id.setSeq(seq);
        expect(id).toEqual(idOf([BigInt(ms), BigInt(seq)]));
      }),
    );
  });

  test('is ordered as one number of 128 bits', () => {
    fc.assert(
      fc.property(idPair, idPair, (a, b) => {
        const order = whole(a) < whole(b) ? -1 : whole(a) > whole(b) ? 1 : 0;
        expect(Math.sign(compareIds(idOf(a), idOf(b)))).toBe(order);
        expect(compareIds(idOf(a), idOf(a))).toBe(0);
      }),
    );
  });

  test('goes through bytes unchanged', () => {
    fc.assert(
      fc.property(idPair, (pair) => {
        const bytes = Buffer.alloc(20);
        expect(idOf(pair).writeBytes(bytes, 2)).toBe(18);
        expect(bytes.readBigUInt64BE(2)).toBe(pair[0]);
        expect(bytes.readBigUInt64BE(10)).toBe(pair[1]);
        expect(new StreamId().readBytes(bytes, 2)).toEqual(idOf(pair));
      }),
    );
  });

  test('steps to its neighbours', () => {
    fc.assert(
      fc.property(idPair, (pair) => {
        const id = idOf(pair);
        const next = id.clone();
        expect(next.increment()).toBe(whole(pair) !== 2n ** 128n - 1n);
        expect(wholeOf(next)).toBe(whole(pair) + (id.isMax ? 0n : 1n));
        const previous = id.clone();
        expect(previous.decrement()).toBe(whole(pair) !== 0n);
        expect(wholeOf(previous)).toBe(whole(pair) - (id.isZero ? 0n : 1n));
      }),
    );
  });

  test('stops at both ends', () => {
    const id = new StreamId().setMax();
    expect([id.isMax, id.increment(), id.isMax]).toEqual([true, false, true]);
    expect(id.text()).toBe('18446744073709551615-18446744073709551615');
    id.setMin();
    expect([id.isZero, id.decrement(), id.isZero]).toEqual([true, false, true]);
  });

  test('is the same again from its distance to another one', () => {
    fc.assert(
      fc.property(idPair, idPair, (pair, basePair) => {
        const [id, base] = [idOf(pair), idOf(basePair)];
        const [msDelta, seqDelta] = [id.msFrom(base), id.seqFrom(base)];
        expect(BigInt.asUintN(64, BigInt(msDelta) + basePair[0])).toBe(pair[0]);
        expect(BigInt(seqDelta)).toBe(BigInt.asIntN(64, pair[1] - basePair[1]));
        const again = new StreamId();
        again.setFrom(base, msDelta, seqDelta);
        expect(again).toEqual(id);
      }),
    );
  });
});
