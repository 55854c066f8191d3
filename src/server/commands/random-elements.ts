/** Random elements of a collection: what HRANDFIELD, SRANDMEMBER, SPOP and ZRANDMEMBER share. */
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Random } from '../../util/random.ts';
import type { Call } from '../call.ts';
import { bigintArgument } from './generic-arguments.ts';
import { int64Max } from '../../util/int64.ts';

/** A third of all elements and more are picked from a list of all of them. */
const listAllShare = 3;

export interface Sampled {
  readonly size: number;
  walk(from: number, visit: (ref: number) => boolean): number;
  sample(random: () => number): number;
}

/** A count that says by its sign whether elements may come more than once; NaN after an error. */
export function readRandomCount(call: Call, index: number): number {
  const count = bigintArgument(call, index);
  if (count === null) return NaN;
  if (count >= -int64Max) return Number(count);
  call.error(`ERR value is out of range, value must between -${int64Max} and ${int64Max}`);
  return NaN;
}

/** True, and the error replied, when twice so many elements, a count read before, cannot be counted. */
export function refusesPairCount(call: Call, index: number): boolean {
  const count = bigintArgument(call, index) ?? 0n;
  if (count >= -int64Max / 2n && count <= int64Max / 2n) return false;
  call.error(errorReplies.outOfRangeValue);
  return true;
}

/** `count` elements, or all where there are no more, each at most once; any choice as likely. */
export function sampleDistinct(from: Sampled, count: number, random: Random): readonly number[] {
  if (count * listAllShare > from.size) return sampleList(listAll(from), count, random);
  const picked = new Set<number>();
  const draw = (): number => random.float();
  while (picked.size < count) picked.add(from.sample(draw));
  return [...picked];
}

function listAll(from: Sampled): number[] {
  const refs: number[] = [];
  from.walk(0, (ref) => refs.push(ref) > 0);
  return refs;
}

/** The first `count` of a shuffled list; all, in their order, where it has no more. */
function sampleList(refs: number[], count: number, random: Random): readonly number[] {
  if (count >= refs.length) return refs;
  for (let place = 0; place < count; place++) {
    const other = place + Math.floor(random.float() * (refs.length - place));
    [refs[place], refs[other]] = [refs[other], refs[place]];
  }
  return refs.slice(0, count);
}
