/** The words after SORT's key, and where the request has keys. Used by sort.ts. */
import type { Call } from '../call.ts';
import { integerArgument } from './generic-arguments.ts';
import { SortPattern } from './sort-pattern.ts';

export interface SortOptions {
  descending: boolean;
  alpha: boolean;
  /** Without a `*` in it, BY says not to sort at all. */
  sorts: boolean;
  by: SortPattern | null;
  readonly gets: SortPattern[];
  limitStart: number;
  /** Negative: all. */
  limitCount: number;
  /** The argument with the target key, 0 for none. */
  storeIndex: number;
}

/** Null after an error reply. */
export function readSortOptions(call: Call, mayStore: boolean): SortOptions | null {
  const options: SortOptions = {
    descending: false,
    alpha: false,
    sorts: true,
    by: null,
    gets: [],
    limitStart: 0,
    limitCount: -1,
    storeIndex: 0,
  };
  for (let index = 2; index < call.argc;) {
    const words = readSortOption(call, index, options, mayStore);
    if (Number.isNaN(words)) return null;
    index += words;
  }
  return options;
}

/** How many words the option has; NaN after an error reply. */
function readSortOption(
  call: Call,
  index: number,
  options: SortOptions,
  mayStore: boolean,
): number {
  const more = call.argc - index - 1;
  if (call.is(index, 'asc')) options.descending = false;
  else if (call.is(index, 'desc')) options.descending = true;
  else if (call.is(index, 'alpha')) options.alpha = true;
  else if (call.is(index, 'limit') && more >= 2) {
    options.limitStart = integerArgument(call, index + 1);
    if (Number.isNaN(options.limitStart)) return NaN;
    options.limitCount = integerArgument(call, index + 2);
    return Number.isNaN(options.limitCount) ? NaN : 3;
  } else if (mayStore && call.is(index, 'store') && more >= 1) {
    options.storeIndex = index + 1;
    return 2;
  } else if (call.is(index, 'by') && more >= 1) {
    const pattern = call.arg(index + 1);
    options.by = new SortPattern(pattern);
    // One BY without a `*` is enough, whatever others there are. [sort.c, 7.0]
    if (!pattern.includes('*')) options.sorts = false;
    return 2;
  } else if (call.is(index, 'get') && more >= 1) {
    options.gets.push(new SortPattern(call.arg(index + 1)));
    return 2;
  } else {
    call.syntaxError();
    return NaN;
  }
  return 1;
}

/** The last STORE counts. */
export function sortKeys(call: Call): number[] {
  let storeIndex = 0;
  for (let index = 2; index < call.argc; index++) {
    if (call.is(index, 'limit')) index += 2;
    else if (call.is(index, 'get') || call.is(index, 'by')) index++;
    else if (call.is(index, 'store') && index + 1 < call.argc) storeIndex = index + 1;
  }
  return storeIndex === 0 ? [1] : [1, storeIndex];
}
