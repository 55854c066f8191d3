/**
 * Sorts no more of a list than its first places: the quicksort of Bentley and McIlroy (1993), which
 * leaves alone what cannot come into them. It is not stable, and equal elements come in the order
 * that this very algorithm gives: Redis sorts places so, and shows it.
 */

/** Shorter lists are sorted by insertion. */
const insertionLength = 7;
/** Longer ones take the median of nine for pivot. */
const nineLength = 40;

type Compare<T> = (a: T, b: T) => number;

/** Puts the first `wanted` of the sorted list in their places; the rest is in no order. */
export function partialSort<T>(list: T[], wanted: number, compare: Compare<T>): void {
  sortPart(list, 0, list.length, wanted, compare);
}

/** Sorts `list[start … end)` as far as it reaches into the first `wanted` places. */
function sortPart<T>(
  list: T[],
  start: number,
  end: number,
  wanted: number,
  compare: Compare<T>,
): void {
  if (end - start < insertionLength) {
    sortByInsertion(list, start, end, compare);
    return;
  }
  swap(list, start, pivotOf(list, start, end, compare));
  const { below, above } = partition(list, start, end, compare);
  if (below > 1 && start < wanted) sortPart(list, start, start + below, wanted, compare);
  if (above > 1 && end - above < wanted) sortPart(list, end - above, end, wanted, compare);
}

function sortByInsertion<T>(list: T[], start: number, end: number, compare: Compare<T>): void {
  for (let next = start + 1; next < end; next++) {
    for (let at = next; at > start && compare(list[at - 1], list[at]) > 0; at--) {
      swap(list, at - 1, at);
    }
  }
}

function pivotOf<T>(list: T[], start: number, end: number, compare: Compare<T>): number {
  const length = end - start;
  const middle = start + Math.floor(length / 2);
  const last = end - 1;
  if (length === insertionLength) return middle;
  const median = (a: number, b: number, c: number): number => medianOf(list, a, b, c, compare);
  if (length <= nineLength) return median(start, middle, last);
  const step = Math.floor(length / 8);
  return median(
    median(start, start + step, start + 2 * step),
    median(middle - step, middle, middle + step),
    median(last - 2 * step, last - step, last),
  );
}

function medianOf<T>(list: T[], a: number, b: number, c: number, compare: Compare<T>): number {
  if (compare(list[a], list[b]) < 0) {
    if (compare(list[b], list[c]) < 0) return b;
    return compare(list[a], list[c]) < 0 ? c : a;
  }
  if (compare(list[b], list[c]) > 0) return b;
  return compare(list[a], list[c]) < 0 ? a : c;
}

/**
 * Parts the list into what is below the pivot, which is its first element, equal, and above:
 *
 *     [ equal | below | … | above | equal ]   while it goes
 *     [ below | equal         …   | above ]   in the end
 */
function partition<T>(
  list: T[],
  start: number,
  end: number,
  compare: Compare<T>,
): { below: number; above: number } {
  const pivot = list[start];
  let equalEnd = start + 1;
  let low = start + 1;
  let high = end - 1;
  let equalStart = end - 1;
  for (;;) {
    for (let order = 0; low <= high && (order = compare(list[low], pivot)) <= 0; low++) {
      if (order === 0) swap(list, equalEnd++, low);
    }
    for (let order = 0; low <= high && (order = compare(list[high], pivot)) >= 0; high--) {
      if (order === 0) swap(list, high, equalStart--);
    }
    if (low > high) break;
    swap(list, low++, high--);
  }
  const below = low - equalEnd;
  const above = equalStart - high;
  swapRuns(list, start, low, Math.min(equalEnd - start, below));
  swapRuns(list, low, end, Math.min(above, end - equalStart - 1));
  return { below, above };
}

/** Exchanges `count` elements from `start` on with the `count` before `end`. */
function swapRuns(list: unknown[], start: number, end: number, count: number): void {
  for (let at = 0; at < count; at++) swap(list, start + at, end - count + at);
}

function swap(list: unknown[], a: number, b: number): void {
  const held = list[a];
  list[a] = list[b];
  list[b] = held;
}
