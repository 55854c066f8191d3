import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Reply, ReplyError, ReplyReader } from '../../src/protocol/reply-reader.ts';

function encode(reply: Reply): string {
  if (reply === null) return '$-1\r\n';
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (typeof reply === 'string') return `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`;
  if (reply instanceof ReplyError) return `-${reply.message}\r\n`;
  return `*${reply.length}\r\n${reply.map(encode).join('')}`;
}

const { replies } = fc.letrec<{ reply: Reply; replies: Reply[] }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'grapheme' }),
    fc.maxSafeInteger(),
    fc.constant(null),
    fc.string().map((text) => new ReplyError(text.replace(/[\r\n]/g, ' '))),
    tie('replies'),
  ),
  replies: fc.array(tie('reply'), { maxLength: 5 }),
}));

function readAll(pieces: readonly Buffer[]): Reply[] {
  const reader = new ReplyReader();
  const read: Reply[] = [];
  for (const piece of pieces) {
    reader.feed(piece);
    for (let reply = reader.next(); reply !== undefined; reply = reader.next()) read.push(reply);
  }
  return read;
}

describe('a reply reader', () => {
  it('reads what was written, in pieces of any size', () => {
    fc.assert(
      fc.property(replies, fc.integer({ min: 1, max: 40 }), (written, pieceBytes) => {
        const bytes = Buffer.from(written.map(encode).join(''));
        const pieces: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          pieces.push(bytes.subarray(at, at + pieceBytes));
        }
        expect(readAll(pieces)).toEqual(written);
      }),
    );
  });

  it('knows simple strings and null arrays', () => {
    expect(readAll([Buffer.from('+OK\r\n*-1\r\n+\r\n')])).toEqual(['OK', null, '']);
  });

  it.each(['HTTP/1.1 400', '%1\r\n', '$x\r\n', ':1.5\r\n', '*1\r\nHTTP'])('refuses %j', (text) => {
    expect(() => readAll([Buffer.from(text)])).toThrow('Protocol error');
  });

  it('keeps every byte as one character where bytes are wanted', () => {
    const reader = new ReplyReader({ encoding: 'latin1' });
    reader.feed(Buffer.from('*2\r\n$3\r\n\u00ff\u0000\r\r\n+\u00e9\r\n', 'latin1'));
    expect(reader.next()).toEqual(['\u00ff\u0000\r', '\u00e9']);
  });

  it('does not read a long reply again with each piece', () => {
    const reader = new ReplyReader({ maxReplyBytes: 2 ** 30 });
    const count = 2000;
    const piece = Buffer.alloc(10_000, 'x');
    reader.feed(Buffer.from(`$${count * piece.length}\r\n`));
    for (let at = 0; at < count; at++) {
      expect(reader.next()).toBeUndefined();
      reader.feed(piece);
    }
    reader.feed(Buffer.from('\r\n:7\r\n'));
    expect(String(reader.next()).length).toBe(count * piece.length);
    expect(reader.next()).toBe(7);
  });

  it('knows numbers that are negative or large', () => {
    const text = ':-1\r\n:0\r\n:9007199254740993\r\n:-9223372036854775808\r\n';
    expect(readAll([Buffer.from(text)])).toEqual([-1, 0, Number('9007199254740993'), -(2 ** 63)]);
  });

  it('does not gather without end', () => {
    const reader = new ReplyReader();
    reader.feed(Buffer.from(`$${2 ** 40}\r\n`));
    expect(reader.next()).toBeUndefined();
    reader.feed(Buffer.alloc(17 * 1024 * 1024));
    expect(() => reader.next()).toThrow('too long');
  });
});
