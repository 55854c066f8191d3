/** Streams that cannot be, each refused for its own reason. */
import { expect, test } from 'vitest';
import { decodeDumpBody } from '../../../src/rdb/dump-payload.ts';
import { rdbType } from '../../../src/rdb/opcodes.ts';
import { RdbError } from '../../../src/rdb/rdb-error.ts';
import { silentSink } from '../collect.ts';
import { rdbLength, rdbString } from '../structure/build.ts';
import { int64, join, text } from './samples.ts';
import { firstNode, rawId, streamNode } from './stream-samples.ts';

const key = Buffer.from('k');
const numbers = (...values: number[]): Buffer => join(...values.map(rdbLength));
/** length, last, first and greatest deleted id, entries added; then how many groups. */
const facts = (length: number, groups = 0): Buffer =>
  numbers(length, 9, 0, 0, 0, 0, 0, length, groups);
const nodes = (...each: Buffer[]): Buffer => join(rdbLength(each.length), ...each);
const emptyStream = nodes();

const pending = (ms: number): Buffer => join(rawId(ms, 0), int64(0), rdbLength(1));
/** last id, entries read. */
const group = (name: string, ...rest: Buffer[]): Buffer =>
  join(text(name), numbers(0, 0, 0), ...rest);
const consumer = (name: string, ...ids: number[]): Buffer =>
  join(text(name), int64(0), rdbLength(ids.length), ...ids.map((ms) => rawId(ms, 0)));

/** The elements of a sound node, with some of them replaced. */
const node = (changes: Record<number, string>, length = firstNode.length): Buffer =>
  streamNode(
    1,
    firstNode.slice(0, length).map((element, index) => changes[index] ?? element),
  );

const sound = node({});
const cases: [name: string, body: Buffer, message: string][] = [
  ['a short node id', nodes(join(text('short'), rdbString(Buffer.of()))), 'not the size of an id'],
  ['no listpack', nodes(join(rdbString(Buffer.alloc(16, 1)), text('x'))), 'too short'],
  ['an empty listpack', nodes(streamNode(1, [])), 'too few elements'],
  ['no entries', nodes(streamNode(1, ['0', '0', '1', 'f', '0'])), 'no entries'],
  ['a node with id 0-0', nodes(streamNode(0, firstNode)), 'nodes out of order'],
  ['the same node twice', nodes(sound, sound), 'nodes out of order'],
  ['nodes that overlap', nodes(sound, streamNode(3, firstNode)), 'nodes out of order'],
  ['text for a count', nodes(node({ 0: 'x' })), 'no integer'],
  ['a negative count', nodes(node({ 0: '-2' })), 'a negative count'],
  ['too many fields', nodes(node({ 2: '900' })), 'too few elements'],
  ['no end of the master entry', nodes(node({ 4: '1' })), 'no end of the master entry'],
  ['text for flags', nodes(node({ 5: 'x' })), 'no integer'],
  ['an id before its node', nodes(node({ 6: '-1' })), 'ids out of order'],
  ['an id twice', nodes(node({ 11: '0' })), 'ids out of order'],
  ['ids that go back', nodes(node({ 16: '0' })), 'ids out of order'],
  ['a wrong count of elements', nodes(node({ 9: '5' })), 'a wrong count'],
  ['too many values', nodes(node({ 18: '3' })), 'too few elements'],
  ['fewer entries than counted', nodes(node({}, firstNode.length - 9)), 'too few elements'],
  ['more entries than counted', nodes(node({ 1: '0' })), 'more than its entries'],
  ['a live entry counted as deleted', nodes(node({ 10: '2' })), '3 entries where it counts 2'],
  ['a length without nodes', join(emptyStream, facts(5)), 'inconsistent with its nodes'],
  [
    'a group twice',
    join(emptyStream, facts(0, 2), group('g', numbers(0, 0)), group('g', numbers(0, 0))),
    'a group that is there twice',
  ],
  [
    'a pending entry twice',
    join(emptyStream, facts(0, 1), group('g', numbers(2), pending(1), pending(1))),
    'a pending entry that is there twice',
  ],
  [
    'a consumer twice',
    join(emptyStream, facts(0, 1), group('g', numbers(0, 2), consumer('c'), consumer('c'))),
    'Duplicate stream consumer detected',
  ],
  [
    'a consumer with what its group has not',
    join(emptyStream, facts(0, 1), group('g', numbers(0, 1), consumer('c', 1))),
    'that its group has not',
  ],
  [
    'an entry with two consumers',
    join(
      emptyStream,
      facts(0, 1),
      group('g', numbers(1), pending(1), numbers(2), consumer('c', 1), consumer('d', 1)),
    ),
    'or has given away',
  ],
  [
    'an entry without a consumer',
    join(emptyStream, facts(0, 1), group('g', numbers(1), pending(1), numbers(1), consumer('c'))),
    'pending entries without a consumer',
  ],
];

test.each(cases)('%s', (_name, body, message) => {
  const decode = (): void => decodeDumpBody(rdbType.streamListpacks2, body, key, silentSink);
  expect(decode).toThrow(RdbError);
  expect(decode).toThrow(message);
});
