/** What INFO says of a backlog must hold at any moment, whatever has just happened. */
import { expect } from 'vitest';
import type { ToyNode } from './toy-node.ts';

/** `repl_backlog_first_byte_offset + repl_backlog_histlen = master_repl_offset + 1`. */
export function expectWholeBacklog(node: ToyNode): void {
  if (node.info('repl_backlog_active') === 0) return;
  const [first, length, offset] = [
    'repl_backlog_first_byte_offset',
    'repl_backlog_histlen',
    'master_repl_offset',
  ].map((field) => Number(node.info(field)));
  expect(first + length).toBe(offset + 1);
}
