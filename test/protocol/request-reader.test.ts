import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { INCOMPLETE, PROTOCOL_ERROR, RequestReader } from '../../src/protocol/request-reader.ts';
import { encodeCommand } from '../../src/protocol/resp-encode.ts';
import { splitArgs } from '../../src/redis-conf/split-args.ts';

/** What came out of a byte stream: requests as latin1 words, and the error that ended it, if any. */
interface Outcome {
  requests: string[][];
  error: string | null;
  /** Bytes at the end that are no whole request yet. */
  unread: number;
}

interface FeedOptions {
  authenticated?: boolean;
  maxBulkBytes?: number;
}

/** Feeds the pieces as the network does: the unfinished rest is kept, a long request is resumed. */
function feed(pieces: readonly Buffer[], options: FeedOptions = {}): Outcome {
  const { authenticated = true, maxBulkBytes = 512 * 1024 * 1024 } = options;
  const outcome: Outcome = { requests: [], error: null, unread: 0 };
  let reader = newReader(maxBulkBytes);
  let midway: RequestReader | null = null;
  let rest = Buffer.alloc(0);
  let needed = 0;
  for (const piece of pieces) {
    // Bytes behind the end are another client's: they must not be looked at.
    const buffer = Buffer.concat([rest, piece, Buffer.from('$9\r\nGARBAGE\r\n')]);
    const end = rest.length + piece.length;
    let at = 0;
    if (end < needed) {
      rest = Buffer.from(buffer.subarray(0, end));
      outcome.unread = end;
      continue;
    }
    needed = 0;
    while (at < end) {
      const active: RequestReader = midway ?? reader;
      const next =
        midway === null
          ? active.parse(buffer, at, end, authenticated)
          : active.resume(buffer, end, authenticated);
      if (next === PROTOCOL_ERROR) return { ...outcome, unread: 0, error: active.error };
      if (next === INCOMPLETE) {
        assert(active.neededEnd > end, 'it waits for bytes that have not come');
        needed = active.neededEnd - at;
        if (active.isMidway) {
          active.rebase(at);
          if (midway === null) reader = newReader(maxBulkBytes);
          midway = active;
        }
        break;
      }
      expect(next).toBeGreaterThan(at);
      expect(next).toBeLessThanOrEqual(end);
      if (active.argc > 0) outcome.requests.push(wordsOf(active));
      midway = null;
      at = next;
    }
    rest = Buffer.from(buffer.subarray(at, end));
    outcome.unread = rest.length;
  }
  return outcome;
}

function newReader(maxBulkBytes: number): RequestReader {
  const reader = new RequestReader(splitArgs);
  reader.maxBulkBytes = maxBulkBytes;
  return reader;
}

function wordsOf(reader: RequestReader): string[] {
  return Array.from({ length: reader.argc }, (_, index) =>
    reader.buffer.toString('latin1', reader.argStart[index], reader.argEnd[index]),
  );
}

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...cuts, bytes.length].sort((a, b) => a - b);
  let from = 0;
  return places.map((to) => {
    const piece = bytes.subarray(from, to);
    from = to;
    return piece;
  });
}

function bytewise(bytes: Buffer): Buffer[] {
  return [...bytes].map((byte) => Buffer.from([byte]));
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function encode(words: readonly string[]): Buffer {
  return encodeCommand(words.map(latin1));
}

const word = fc.oneof(
  fc.constantFrom('', 'GET', 'set', '\r\n', '$1\r\n', '*1\r\n$4\r\nPING\r\n'),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const request = fc.array(word, { minLength: 1, maxLength: 8 });

describe('requests as arrays of bulk strings', () => {
  test('come out as they went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(request, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat()),
        (requests, cuts) => {
          const bytes = Buffer.concat(requests.map(encode));
          const places = cuts.map((place) => place % (bytes.length + 1));
          const expected = { requests, error: null, unread: 0 };
          expect(feed([bytes])).toEqual(expected);
          expect(feed(cut(bytes, places))).toEqual(expected);
          expect(feed(bytewise(bytes))).toEqual(expected);
        },
      ),
    );
  });

  test('are cut at every byte', () => {
    const requests = [['SET', 'key', 'a\r\nb'], ['PING'], ['MGET', 'a', 'b', 'c', 'd', 'e', 'f']];
    const bytes = Buffer.concat(requests.map(encode));
    for (let place = 0; place <= bytes.length; place++) {
      expect(feed(cut(bytes, [place])), `cut at ${place}`).toEqual({
        requests,
        error: null,
        unread: 0,
      });
    }
  });

  test('of many arguments are resumed, not begun anew', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 60, max: 300 }),
        fc.integer({ min: 1, max: 500 }),
        fc.nat({ max: 3 }),
        (count, pieceBytes, before) => {
          const long = Array.from(
            { length: count },
            (_, index) => `${'x'.repeat(index % 9)}${index}`,
          );
          const requests = [...Array.from({ length: before }, () => ['PING']), long, ['GET', 'k']];
          const bytes = Buffer.concat(requests.map(encode));
          const cuts: number[] = [];
          for (let at = pieceBytes; at < bytes.length; at += pieceBytes) cuts.push(at);
          expect(feed(cut(bytes, cuts))).toEqual({ requests, error: null, unread: 0 });
        },
      ),
    );
  });

  test('of 100,000 arguments in small pieces take linear time', () => {
    const long = Array.from({ length: 100_000 }, (_, index) => String(index));
    const bytes = encode(long);
    const reader = newReader(1024);
    const pieceBytes = 4096;
    let resumed = 0;
    let next = INCOMPLETE;
    for (let end = pieceBytes; next === INCOMPLETE; end += pieceBytes) {
      const upTo = Math.min(end, bytes.length);
      if (upTo < bytes.length && upTo < reader.neededEnd) continue;
      next = reader.isMidway
        ? reader.resume(bytes, upTo, true)
        : reader.parse(bytes, 0, upTo, true);
      if (next === INCOMPLETE && reader.isMidway) resumed++;
    }
    expect(next).toBe(bytes.length);
    expect(resumed).toBeGreaterThan(100);
    expect(wordsOf(reader)).toEqual(long);
  });

  test('tell how many bytes must come first, and never more than are needed', () => {
    const bytes = encode(['SET', 'key', 'x'.repeat(1000)]);
    const reader = newReader(1 << 20);
    for (let end = 1; end < bytes.length; end++) {
      expect(reader.parse(bytes, 0, end, true)).toBe(INCOMPLETE);
      expect(reader.neededEnd).toBeGreaterThan(end);
      expect(reader.neededEnd).toBeLessThanOrEqual(bytes.length);
    }
  });

  test('may be empty', () => {
    const bytes = latin1('*0\r\n*-1\r\n*-99\r\n\r\n   \r\n\n*1\r\n$4\r\nPING\r\n');
    expect(feed([bytes])).toEqual({ requests: [['PING']], error: null, unread: 0 });
    expect(feed(bytewise(bytes))).toEqual({ requests: [['PING']], error: null, unread: 0 });
  });

  test('may lie about what follows an argument: two bytes are skipped unseen, as in Redis', () => {
    expect(feed([latin1('*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n')]).requests).toHaveLength(2);
  });
});

describe('malformed requests', () => {
  const cases: readonly [sent: string, error: string][] = [
    ['*x\r\n', 'invalid multibulk length'],
    ['*\r\n', 'invalid multibulk length'],
    ['*+1\r\n', 'invalid multibulk length'],
    ['*01\r\n', 'invalid multibulk length'],
    ['*-0\r\n', 'invalid multibulk length'],
    ['* 1\r\n', 'invalid multibulk length'],
    ['*1x\r\n', 'invalid multibulk length'],
    ['*2147483648\r\n', 'invalid multibulk length'],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    ['*1\r\nfoo\r\n', "expected '$', got 'f'"],
    ['*1\r\n*1\r\n$4\r\nPING\r\n', "expected '$', got '*'"],
    ['*1\r\n\r\n', "expected '$', got '\r'"],
    ['*1\r\n$\r\n', 'invalid bulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$-0\r\n', 'invalid bulk length'],
    ['*1\r\n$x\r\n', 'invalid bulk length'],
    ['*1\r\n$4x\r\nPING\r\n', 'invalid bulk length'],
    ['*1\r\n$04\r\nPING\r\n', 'invalid bulk length'],
    ['*1\r\n$536870913\r\n', 'invalid bulk length'],
    ['*1\r\n$99999999999999999999999\r\n', 'invalid bulk length'],
    ['"a\r\n', 'unbalanced quotes in request'],
    ['"a"b\r\n', 'unbalanced quotes in request'],
    [`*${'1'.repeat(65_600)}`, 'too big mbulk count string'],
    [`*1\r\n$${'1'.repeat(65_600)}`, 'too big bulk count string'],
    ['x'.repeat(65_600), 'too big inline request'],
  ];
  for (const [sent, error] of cases) {
    test(`${JSON.stringify(sent.slice(0, 40))}: ${error}`, () => {
      const bytes = latin1(`*1\r\n$4\r\nPING\r\n${sent}`);
      expect(feed([bytes])).toEqual({ requests: [['PING']], error, unread: 0 });
      expect(feed(cut(bytes, [1, 14, 15, 16, 19, 20, bytes.length - 1])).error).toBe(error);
    });
  }

  test('a length up to proto-max-bulk-len is waited for, one above is refused', () => {
    const options = { maxBulkBytes: 1000 };
    expect(feed([latin1('*1\r\n$1000\r\n')], options).error).toBe(null);
    expect(feed([latin1('*1\r\n$1001\r\n')], options).error).toBe('invalid bulk length');
  });

  test('a count that lies takes no memory', () => {
    const reader = newReader(1024);
    const bytes = latin1('*2147483647\r\n$4\r\nPING\r\n');
    expect(reader.parse(bytes, 0, bytes.length, true)).toBe(INCOMPLETE);
    expect(reader.argStart.length).toBeLessThan(1000);
  });

  test('whoever has not authenticated may send little', () => {
    const options = { authenticated: false };
    expect(feed([latin1('*10\r\n')], options).error).toBe(null);
    expect(feed([latin1('*11\r\n')], options).error).toBe('unauthenticated multibulk length');
    expect(feed([latin1('*1\r\n$16384\r\n')], options).error).toBe(null);
    expect(feed([latin1('*1\r\n$16385\r\n')], options).error).toBe('unauthenticated bulk length');
  });
});

describe('inline requests', () => {
  test('are split like a line of a shell', () => {
    const bytes = latin1('PING\r\nset  k "a b\\x41\\n"\n\tget \'x y\'  \r\n');
    const requests = [['PING'], ['set', 'k', 'a bA\n'], ['get', 'x y']];
    expect(feed([bytes])).toEqual({ requests, error: null, unread: 0 });
    expect(feed(bytewise(bytes))).toEqual({ requests, error: null, unread: 0 });
  });

  test('mix with the others', () => {
    const bytes = latin1('PING\r\n*1\r\n$4\r\nPING\r\nPING\r\n');
    expect(feed([bytes]).requests).toHaveLength(3);
  });

  test('of many words grow the argument list', () => {
    const words = Array.from({ length: 500 }, (_, index) => `w${index}`);
    expect(feed([latin1(`${words.join(' ')}\r\n`)]).requests).toEqual([words]);
  });
});

test('whatever bytes come, the outcome does not depend on how they were cut', () => {
  const token = fc.oneof(
    fc.constantFrom(
      '*',
      '$',
      '\r\n',
      '\r',
      '\n',
      '-',
      '0',
      '1',
      '2',
      '12',
      'a',
      '"',
      "'",
      ' ',
      '\\',
    ),
    fc.constantFrom(
      '*1\r\n',
      '*2\r\n',
      '$1\r\n',
      '$0\r\n\r\n',
      '$1\r\na\r\n',
      'PING\r\n',
      '\0',
      '\xff',
    ),
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 30 }), fc.array(fc.nat()), (tokens, cuts) => {
      const bytes = latin1(tokens.join(''));
      const whole = feed([bytes]);
      expect(feed(bytewise(bytes))).toEqual(whole);
      expect(
        feed(
          cut(
            bytes,
            cuts.map((place) => place % (bytes.length + 1)),
          ),
        ),
      ).toEqual(whole);
    }),
    { numRuns: 1000 },
  );
});
