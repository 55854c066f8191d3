import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IdTable } from '../../../src/server/types/id-table.ts';
import { radixNodeCount } from '../../../src/server/types/radix-size.ts';
import { StreamId } from '../../../src/rdb/structure/stream-id.ts';

const wordOf = fc.constantFrom(0, 1, 2, 255, 256, 0x0100_0000, 0xffff_ffff);
const id = fc.tuple(wordOf, wordOf, wordOf, wordOf).map((words) => new StreamId().set(...words));

/** The nodes of a tree without runs: one for each byte of each path. */
interface Trie {
  [byte: number]: Trie;
}

/** A run of nodes with one child each is one node. */
function compressedCount(node: Trie, followsRun: boolean): number {
  const children = Object.values(node);
  const inRun = children.length === 1;
  const own = inRun && followsRun ? 0 : 1;
  return children.reduce((sum, child) => sum + compressedCount(child, inRun), own);
}

test('counts the nodes that a radix tree of the ids has', () => {
  fc.assert(
    fc.property(fc.array(id, { maxLength: 40 }), (ids) => {
      const table = new IdTable(0);
      const trie: Trie = {};
      for (const each of ids) {
        if (table.find(each) === -1) table.insert(each);
        const bytes = Buffer.alloc(16);
        each.writeBytes(bytes, 0);
        let node = trie;
        for (const byte of bytes) node = node[byte] ??= {};
      }
      expect(radixNodeCount(table)).toBe(compressedCount(trie, false));
    }),
  );
});
