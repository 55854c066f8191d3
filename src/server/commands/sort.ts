/**
 * SORT and SORT_RO: the elements of a list, set or sorted set in order, by number or as text, by
 * themselves or by what keys named after them hold (sort-pattern.ts).
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { ListValue } from '../types/list-value.ts';
import { SetValue } from '../types/set-value.ts';
import { ZsetValue } from '../types/zset-value.ts';
import {
  allElements,
  elementsInOrder,
  type SortableValue,
  type SortElements,
} from './sort-elements.ts';
import { readSortOptions, sortKeys, type SortOptions } from './sort-options.ts';
import { numberOrder, textOrder } from './sort-order.ts';
import type { SortPattern } from './sort-pattern.ts';
import { replaceAt } from './values.ts';

const row = {
  arity: -2,
  categories: ['set', 'sortedset', 'list', 'dangerous'],
  keys: [1, 1, 1],
  group: 'generic',
  complexity: 'O(n + m log m) for n elements, m of which are sorted',
} as const;

export const sortCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'sort',
    flags: ['write', 'denyoom', 'movablekeys'],
    findKeys: sortKeys,
    since: '1.0.0',
    summary: 'Returns or stores the elements of a list, set or sorted set in order.',
    handler: sortCommand,
  },
  {
    ...row,
    name: 'sort_ro',
    flags: ['readonly', 'movablekeys'],
    since: '7.0.0',
    summary: 'Returns the elements of a list, set or sorted set in order.',
    handler: sortRoCommand,
  },
];

/** The elements that are asked for, as a range of places in an order of their numbers. */
interface Sorted {
  readonly elements: SortElements;
  readonly order: Int32Array;
  readonly first: number;
  readonly count: number;
}

function sortCommand(call: Call): void {
  sortWith(call, true);
}

function sortRoCommand(call: Call): void {
  sortWith(call, false);
}

function sortWith(call: Call, mayStore: boolean): void {
  const options = readSortOptions(call, mayStore);
  if (options === null) return;
  const ref = call.lookupRead(1);
  const value = ref === 0 ? new ListValue(call.keyspace.valueSettings) : sortable(call, ref);
  if (value === null) return;
  const sorted = sortValue(call, value, options);
  if (sorted === null) {
    call.error("ERR One or more scores can't be converted into double");
  } else if (options.storeIndex === 0) {
    replySorted(call, sorted, options);
  } else {
    storeSorted(call, sorted, options);
  }
}

/** The value of an entry that can be sorted; null after the error for another. */
function sortable(call: Call, ref: number): SortableValue | null {
  const { dict } = call.db;
  const value = dict.isCollection(ref) ? dict.value(ref) : null;
  if (value instanceof ListValue || value instanceof SetValue) return value;
  if (value instanceof ZsetValue) {
    if (value.encoding === 'listpack') {
      dict.valueForWrite(ref);
      value.becomeIndex();
    }
    return value;
  }
  call.error(errorReplies.wrongType);
  return null;
}

/** Null when something that is to be sorted as a number is none. */
function sortValue(call: Call, value: SortableValue, options: SortOptions): Sorted | null {
  const { size } = value;
  const first = Math.min(Math.max(0, options.limitStart), size);
  const count = options.limitCount < 0 ? size - first : Math.min(options.limitCount, size - first);
  let { alpha, by, sorts } = options;
  // What is stored must come out the same on every replica.
  if (!sorts && value instanceof SetValue && options.storeIndex !== 0) {
    sorts = true;
    alpha = true;
    by = null;
  }
  if (!sorts && !(value instanceof SetValue)) {
    const elements = elementsInOrder(value, first, count, options.descending);
    return { elements, order: numbersTo(count), first: 0, count };
  }
  const elements = allElements(value);
  const order = numbersTo(size);
  if (!sorts) return { elements, order, first, count };
  const compare = alpha ? textOrder(call, elements, by) : numberOrder(call, elements, by);
  if (compare === null) return null;
  order.sort(options.descending ? (a, b) => compare(b, a) : compare);
  return { elements, order, first, count };
}

function numbersTo(count: number): Int32Array {
  return new Int32Array(count).map((_, index) => index);
}

/** Calls `show` for each reply in order, with its window; null stands for nothing found. */
function forEachResult(
  call: Call,
  { elements, order, first, count }: Sorted,
  gets: readonly SortPattern[],
  show: (bytes: Uint8Array | null, start: number, end: number) => void,
): void {
  const { bytes, starts } = elements;
  for (let place = first; place < first + count; place++) {
    const index = order[place];
    if (gets.length === 0) show(bytes, starts[index], starts[index + 1]);
    for (const pattern of gets) {
      if (!pattern.resolve(call, elements, index)) show(null, 0, 0);
      else show(pattern.windowBuffer, pattern.windowStart, pattern.windowEnd);
    }
  }
}

function replySorted(call: Call, sorted: Sorted, { gets }: SortOptions): void {
  const { reply } = call;
  reply.array(sorted.count * Math.max(1, gets.length));
  forEachResult(call, sorted, gets, (bytes, start, end) => {
    if (bytes === null) reply.nil();
    else reply.bulk(bytes, start, end);
  });
}

/** Always a list; where GET leads to nothing, with an empty element. */
function storeSorted(call: Call, sorted: Sorted, { gets, storeIndex }: SortOptions): void {
  const list = new ListValue(call.keyspace.valueSettings);
  forEachResult(call, sorted, gets, (bytes, start, end) => {
    list.pushTail(bytes ?? call.buffer, start, end);
  });
  if (list.size > 0) {
    replaceAt(call, storeIndex, list);
    call.changed(storeIndex, list.size);
    call.notify(notifyClass.list, 'sortstore', storeIndex);
  } else {
    const ref = call.lookupWrite(storeIndex);
    if (ref !== 0) {
      call.db.dict.remove(ref);
      call.changed(storeIndex);
      call.notify(notifyClass.generic, 'del', storeIndex);
    }
  }
  call.reply.integer(list.size);
}
