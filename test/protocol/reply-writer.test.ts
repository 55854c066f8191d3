import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReplyWriter } from '../../src/protocol/reply-writer.ts';

/** A writer whose output is gathered as the network layer would send it. */
function newWriter(resp3 = false): { writer: ReplyWriter; output: () => string } {
  const sent: Buffer[] = [];
  const writer = new ReplyWriter({
    onFull: () => {
      sent.push(Buffer.from(writer.take()));
      writer.rewind();
    },
    onLarge: (bytes) => void sent.push(bytes),
  });
  writer.resp3 = resp3;
  const output = (): string => {
    sent.push(Buffer.from(writer.take()));
    return Buffer.concat(sent.splice(0)).toString('latin1');
  };
  return { writer, output };
}

type Write = (writer: ReplyWriter) => void;
type Operation = readonly [name: string, write: Write, resp2: string, resp3: string];

function same(name: string, write: Write, text: string): Operation {
  return [name, write, text, text];
}

const operations: readonly Operation[] = [
  same('simple', (writer) => writer.simple('PONG'), '+PONG\r\n'),
  same('ok', (writer) => writer.ok(), '+OK\r\n'),
  same('error', (writer) => writer.error('ERR no such key'), '-ERR no such key\r\n'),
  same('error of two lines', (writer) => writer.error('ERR a\r\nb\nc'), '-ERR a  b c\r\n'),
  same('error in latin1', (writer) => writer.error("ERR '\xff\x00'"), "-ERR '\xff\x00'\r\n"),
  same('bulk', (writer) => writer.bulk(Buffer.from('a\r\nb')), '$4\r\na\r\nb\r\n'),
  same('window', (writer) => writer.bulk(Buffer.from('abcdef'), 2, 4), '$2\r\ncd\r\n'),
  same('empty bulk', (writer) => writer.bulk(Buffer.alloc(0)), '$0\r\n\r\n'),
  same('text', (writer) => writer.bulkText('ä'), '$2\r\n\xc3\xa4\r\n'),
  same('array', (writer) => writer.array(12), '*12\r\n'),
  same('empty array', (writer) => writer.array(0), '*0\r\n'),
  same('raw', (writer) => writer.raw(Buffer.from('+x\r\n')), '+x\r\n'),
  ['nil', (writer) => writer.nil(), '$-1\r\n', '_\r\n'],
  ['nil array', (writer) => writer.nilArray(), '*-1\r\n', '_\r\n'],
  ['map', (writer) => writer.map(3), '*6\r\n', '%3\r\n'],
  ['set', (writer) => writer.set(3), '*3\r\n', '~3\r\n'],
  ['push', (writer) => writer.push(3), '*3\r\n', '>3\r\n'],
  ['double', (writer) => writer.double('1.5'), '$3\r\n1.5\r\n', ',1.5\r\n'],
  ['true', (writer) => writer.boolean(true), ':1\r\n', '#t\r\n'],
  ['false', (writer) => writer.boolean(false), ':0\r\n', '#f\r\n'],
  ['verbatim', (writer) => writer.verbatim('a\nb'), '$3\r\na\nb\r\n', '=7\r\ntxt:a\nb\r\n'],
];

describe.each([2, 3])('in RESP%i', (protocol) => {
  test.each(operations)('%s', (_name, write, resp2, resp3) => {
    const { writer, output } = newWriter(protocol === 3);
    write(writer);
    expect(output()).toBe(protocol === 3 ? resp3 : resp2);
  });
});

test('integers of every size', () => {
  const { writer, output } = newWriter();
  const edges = [0, 9, 10, 99, 100, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 2 ** 53 - 1];
  for (const value of [...edges, ...edges.map((edge) => -edge || 0)]) {
    writer.integer(value);
    expect(output()).toBe(`:${value}\r\n`);
  }
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      writer.integer(value);
      expect(output()).toBe(`:${value}\r\n`);
    }),
  );
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      writer.integer(value);
      expect(output()).toBe(`:${value}\r\n`);
    }),
  );
});

const kinds = ['bulk', 'raw', 'error', 'verbatim'] as const;

test('replies of any size come out whole and in order', () => {
  const size = fc.oneof(
    fc.nat(400),
    fc.constantFrom(160, 161, 262_143, 262_144, 262_145, 1_048_560, 1_048_576, 1_100_000),
  );
  const step = fc.record({ kind: fc.constantFrom(...kinds), size });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.boolean(), (steps, resp3) => {
      const { writer, output } = newWriter(resp3);
      let expected = '';
      for (const [index, { kind, size }] of steps.entries()) {
        const text = String.fromCharCode(97 + index).repeat(size);
        expected += writeText(writer, kind, text);
        writer.integer(index);
        expected += `:${index}\r\n`;
      }
      expect(output() === expected).toBe(true);
    }),
    { numRuns: 50 },
  );
});

/** Writes `text` as this kind of reply; returns the bytes it must give. */
function writeText(writer: ReplyWriter, kind: (typeof kinds)[number], text: string): string {
  const bytes = Buffer.from(text);
  const bulk = `$${text.length}\r\n${text}\r\n`;
  if (kind === 'error') {
    writer.error(text);
    return `-${text}\r\n`;
  }
  if (kind === 'verbatim') {
    writer.verbatim(text);
    return writer.resp3 ? `=${text.length + 4}\r\ntxt:${text}\r\n` : bulk;
  }
  if (kind === 'bulk') writer.bulk(bytes);
  else writer.raw(bytes);
  return kind === 'bulk' ? bulk : text;
}

test('a large value is copied, as it may change before the socket has sent it', () => {
  const { writer, output } = newWriter();
  const value = Buffer.alloc(300_000, 'a');
  writer.bulk(value);
  value.fill('b');
  expect(output()).not.toContain('b');
});

test('the buffer that is replaced stays as it was', () => {
  const { writer } = newWriter();
  writer.simple('before');
  const { buffer, length } = writer;
  writer.replaceBuffer();
  writer.simple('after');
  expect(buffer.toString('latin1', 0, length)).toBe('+before\r\n');
  expect(writer.buffer.toString('latin1', 0, writer.length)).toBe('+after\r\n');
});

test('what was taken stays when the rest is discarded', () => {
  const { writer } = newWriter();
  writer.simple('one');
  const one = writer.take();
  writer.simple('two');
  writer.discard();
  writer.simple('three');
  expect(one.toString()).toBe('+one\r\n');
  expect(writer.take().toString()).toBe('+three\r\n');
  writer.rewind();
  writer.ok();
  expect(writer.take().toString()).toBe('+OK\r\n');
});

test('staged bytes become bulk strings, wherever in the buffer the replies have got', () => {
  const pieces = Array.from({ length: 300 }, (_, index) => `${index}:${'x'.repeat(index % 50)}`);
  const source = Buffer.from(`..${pieces.join('')}.`);
  const expected = pieces.map((piece) => `$${piece.length}\r\n${piece}\r\n`).join('');
  for (const before of [0, 1_000_000, 1_040_000, 1_048_576 - 3]) {
    const { writer, output } = newWriter();
    writer.raw(Buffer.alloc(Math.min(before, 250_000), '.'));
    while (writer.length < before) writer.ok();
    const stagedAt = writer.stage(source, 2, source.length - 1, pieces.length);
    let at = stagedAt;
    for (const { length } of pieces) writer.stagedBulk(at, (at += length));
    expect(output().endsWith(expected)).toBe(true);
  }
  expect(newWriter().writer.stage(Buffer.alloc(600_000), 0, 600_000, 1)).toBe(-1);
});
