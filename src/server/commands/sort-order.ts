/** The two orders of SORT, over the numbers of its elements. Used by sort.ts. */
import { parseDouble } from '../../util/double.ts';
import type { Call } from '../call.ts';
import { SortElements } from './sort-elements.ts';
import type { SortPattern } from './sort-pattern.ts';

export type Order = (a: number, b: number) => number;

/**
 * By number, elements of equal weight as text; where BY leads to nothing the weight is 0. Null when
 * a weight is no number.
 */
export function numberOrder(
  call: Call,
  elements: SortElements,
  by: SortPattern | null,
): Order | null {
  const weights = new Float64Array(elements.count);
  const { bytes, starts } = elements;
  for (let index = 0; index < elements.count; index++) {
    let weight = 0;
    if (by === null) weight = weightOf(bytes, starts[index], starts[index + 1]);
    else if (by.resolve(call, elements, index)) {
      weight = weightOf(by.windowBuffer, by.windowStart, by.windowEnd);
    }
    if (Number.isNaN(weight)) return null;
    weights[index] = weight;
  }
  return (a, b) => {
    if (weights[a] !== weights[b]) return weights[a] < weights[b] ? -1 : 1;
    return elements.compare(a, b);
  };
}

/** A number as C reads it from a string that ends at its first NUL; NaN when it is none. */
function weightOf(bytes: Buffer, start: number, end: number): number {
  let textEnd = start;
  while (textEnd < end && bytes[textEnd] !== 0) textEnd++;
  if (textEnd === start) return 0;
  let at = start;
  while (at < textEnd && isWhiteSpace(bytes[at])) at++;
  const weight = parseDouble(bytes, at, textEnd);
  // So small a number has lost digits, which C counts as out of range.
  return Math.abs(weight) < minNormal && weight !== 0 ? NaN : weight;
}

function isWhiteSpace(byte: number): boolean {
  return byte === space || (byte >= tab && byte <= carriageReturn);
}

const minNormal = 2 ** -1022;
const space = 32;
const tab = 9;
const carriageReturn = 13;

/** By the text that BY leads to; elements for which that is nothing come first, as they were. */
export function textOrder(call: Call, elements: SortElements, by: SortPattern | null): Order {
  if (by === null) return (a, b) => elements.compare(a, b);
  const texts = new SortElements(elements.count);
  const isMissing = new Uint8Array(elements.count);
  for (let index = 0; index < elements.count; index++) {
    const found = by.resolve(call, elements, index);
    if (found) texts.add(by.windowBuffer, by.windowStart, by.windowEnd);
    else texts.add(elements.bytes, 0, 0);
    isMissing[index] = found ? 0 : 1;
  }
  return (a, b) => isMissing[b] - isMissing[a] || texts.compare(a, b);
}
