/**
 * PFADD, PFCOUNT, PFMERGE: approximate counts of different elements, kept in strings; the string
 * is types/hyperloglog.ts's. What is only for tests is in hyperloglog-debug.ts.
 */
import { countRegisters, Hyperloglog, isHyperloglog, newRegisters } from '../types/hyperloglog.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { refusesType, storeStringAt } from './generic-arguments.ts';

const row = { categories: ['hyperloglog'], group: 'hyperloglog', since: '2.8.9' } as const;

export const hyperloglogCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'pfadd',
    arity: -2,
    flags: ['write', 'denyoom', 'fast'],
    keys: [1, 1, 1],
    summary: 'Counts elements in: those that were there already make no difference.',
    complexity: 'O(n) for n elements',
    handler: pfaddCommand,
  },
  {
    ...row,
    name: 'pfcount',
    arity: -2,
    flags: ['readonly', 'may_replicate'],
    keys: [1, -1, 1],
    summary: 'Estimates how many different elements were counted in, under all keys together.',
    complexity: 'O(1) for one key, O(n) for n of them',
    handler: pfcountCommand,
  },
  {
    ...row,
    name: 'pfmerge',
    arity: -2,
    flags: ['write', 'denyoom'],
    keys: [1, -1, 1],
    summary: 'Counts into the first key what was counted under the others.',
    complexity: 'O(n) for n keys',
    handler: pfmergeCommand,
  },
];

const corruptError = 'INVALIDOBJ Corrupted HLL object detected';

/** Replies that the runs of a sparse one make no sense. */
export function refuseCorrupt(call: Call): void {
  call.error(corruptError);
}

/** True, and the error replied, when the entry holds none. */
export function refusesHyperloglog(call: Call, ref: number): boolean {
  if (refusesType(call, ref)) return true;
  const { dict } = call.client.db;
  dict.readString(ref);
  if (isHyperloglog(dict.windowBuffer, dict.windowStart, dict.windowEnd)) return false;
  call.error('WRONGTYPE Key is not a valid HyperLogLog string value.');
  return true;
}

/** The one in an entry, for reading. */
export function readHyperloglog(call: Call, ref: number): Hyperloglog {
  const { dict } = call.client.db;
  dict.readString(ref);
  return Hyperloglog.over(dict.windowBuffer, dict.windowStart, dict.windowEnd);
}

/** The one in an entry, to be changed and then stored with `storeHyperloglog`; empty for ref 0. */
export function openHyperloglog(call: Call, ref: number): Hyperloglog {
  if (ref === 0) return Hyperloglog.empty();
  const { dict } = call.client.db;
  dict.resizeString(ref, dict.stringLength(ref));
  return Hyperloglog.over(dict.windowBuffer, dict.windowStart, dict.windowEnd);
}

/** Puts a changed one under the key in argument `index`, whose entry is `ref` and may move. */
export function storeHyperloglog(call: Call, index: number, ref: number, hll: Hyperloglog): void {
  if (hll.isInPlace) return;
  const { dict } = call.client.db;
  const at = ref === 0 ? storeStringAt(call, 0, index, call.buffer, 0, 0, false) : ref;
  const { string } = hll;
  dict.resizeString(at, string.length);
  dict.windowBuffer.set(string, dict.windowStart);
}

function pfaddCommand(call: Call): void {
  const ref = call.lookupWrite(1);
  if (ref !== 0 && refusesHyperloglog(call, ref)) return;
  const hll = openHyperloglog(call, ref);
  const { hllSparseMaxBytes } = call.server.config.values;
  // A new key is a change, whatever is added to it.
  let changes = ref === 0 ? 1 : 0;
  for (let index = 2; index < call.argc; index++) {
    const { buffer, argStart, argEnd } = call;
    const outcome = hll.add(buffer, argStart[index], argEnd[index], hllSparseMaxBytes);
    if (outcome === 'corrupt') {
      refuseCorrupt(call);
      return;
    }
    if (outcome === 'changed') changes++;
  }
  if (changes > 0) {
    hll.markStale();
    storeHyperloglog(call, 1, ref, hll);
    call.changed(1, changes);
    call.notify(notifyClass.string, 'pfadd', 1);
  }
  call.reply.integer(changes > 0 ? 1 : 0);
}

function pfcountCommand(call: Call): void {
  if (call.argc > 2) {
    countUnion(call);
    return;
  }
  const ref = call.lookupRead(1);
  if (ref === 0) {
    call.reply.integer(0);
    return;
  }
  if (refusesHyperloglog(call, ref)) return;
  const hll = readHyperloglog(call, ref);
  const cached = hll.cachedCardinality;
  if (cached !== null) call.reply.integer(cached);
  else countAnew(call, ref);
}

/** The estimate is kept in the string: a change, which replicas and watchers hear of. */
function countAnew(call: Call, ref: number): void {
  const hll = openHyperloglog(call, ref);
  const cardinality = hll.count();
  if (cardinality === null) {
    refuseCorrupt(call);
    return;
  }
  storeHyperloglog(call, 1, ref, hll);
  call.changed(1);
  call.reply.integer(cardinality);
}

function countUnion(call: Call): void {
  const registers = newRegisters();
  if (mergeKeys(call, registers) !== null) call.reply.integer(countRegisters(registers));
}

/** Merges all keys into `registers`; tells whether one is dense, or null after an error. */
function mergeKeys(call: Call, registers: Uint8Array): { anyDense: boolean } | null {
  let anyDense = false;
  for (let index = 1; index < call.argc; index++) {
    const ref = call.lookupRead(index);
    if (ref === 0) continue;
    if (refusesHyperloglog(call, ref)) return null;
    const hll = readHyperloglog(call, ref);
    if (!hll.mergeInto(registers)) {
      refuseCorrupt(call);
      return null;
    }
    if (hll.encoding === 'dense') anyDense = true;
  }
  return { anyDense };
}

function pfmergeCommand(call: Call): void {
  const registers = newRegisters();
  const merged = mergeKeys(call, registers);
  if (merged === null) return;
  const ref = call.lookupWrite(1);
  const hll = openHyperloglog(call, ref);
  // To be dense at once saves a sparse one from growing register by register.
  const sound = !merged.anyDense || hll.toDense();
  const { hllSparseMaxBytes } = call.server.config.values;
  if (!sound || hll.absorb(registers, hllSparseMaxBytes) === 'corrupt') {
    refuseCorrupt(call);
    return;
  }
  storeHyperloglog(call, 1, ref, hll);
  call.changed(1);
  call.notify(notifyClass.string, 'pfadd', 1);
  call.reply.ok();
}
