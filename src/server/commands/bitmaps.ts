/** Strings as arrays of bits: SETBIT and GETBIT, and over many bits BITCOUNT, BITPOS, BITOP. */
import { combineBits, countOnesInBits, findBit, type BitOperation } from '../types/bits.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { bitOffsetArgument, openForBits, readBitRange } from './bitmap-arguments.ts';
import { integerArgument, refusesType, storeStringAt } from './generic-arguments.ts';

const row = { categories: ['bitmap'], keys: [1, 1, 1], group: 'bitmap' } as const;

export const bitmapCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'setbit',
    arity: 4,
    flags: ['write', 'denyoom'],
    since: '2.2.0',
    summary: 'Sets or clears one bit of a string and returns what it was.',
    complexity: 'O(1)',
    handler: setbitCommand,
  },
  {
    ...row,
    name: 'getbit',
    arity: 3,
    flags: ['readonly', 'fast'],
    since: '2.2.0',
    summary: 'Reads one bit of a string.',
    complexity: 'O(1)',
    handler: getbitCommand,
  },
  {
    ...row,
    name: 'bitcount',
    arity: -2,
    flags: ['readonly'],
    since: '2.6.0',
    summary: 'Counts the set bits of a string, or of a part of it.',
    complexity: 'O(n) for n bytes looked at',
    handler: bitcountCommand,
  },
  {
    ...row,
    name: 'bitpos',
    arity: -3,
    flags: ['readonly'],
    since: '2.8.7',
    summary: 'Finds the first bit of a string, or of a part of it, that is set or clear.',
    complexity: 'O(n) for n bytes looked at',
    handler: bitposCommand,
  },
  {
    ...row,
    name: 'bitop',
    arity: -4,
    flags: ['write', 'denyoom'],
    keys: [2, -1, 1],
    since: '2.6.0',
    summary: 'Stores the AND, OR, XOR of strings, or the NOT of one.',
    complexity: 'O(n) for n bytes of all strings',
    handler: bitopCommand,
  },
];

function setbitCommand(call: Call): void {
  const offset = bitOffsetArgument(call, 2);
  if (Number.isNaN(offset)) return;
  const bit = call.integer(3);
  if (bit !== 0 && bit !== 1) {
    call.error('ERR bit is not an integer or out of range');
    return;
  }
  const ref = call.lookupWrite(1);
  if (ref !== 0 && refusesType(call, ref)) return;
  const grown = openForBits(call, ref, offset);
  const { windowBuffer, windowStart } = call.client.db.dict;
  const at = windowStart + Math.floor(offset / 8);
  const mask = 0x80 >> (offset % 8);
  const before = (windowBuffer[at] & mask) === 0 ? 0 : 1;
  if (grown || bit !== before) {
    windowBuffer[at] ^= bit === before ? 0 : mask;
    call.changed(1);
    call.notify(notifyClass.string, 'setbit', 1);
  }
  call.reply.integer(before);
}

function getbitCommand(call: Call): void {
  const offset = bitOffsetArgument(call, 2);
  if (Number.isNaN(offset)) return;
  const ref = call.lookupRead(1);
  if (ref === 0) {
    call.reply.integer(0);
    return;
  }
  if (refusesType(call, ref)) return;
  const { dict } = call.client.db;
  dict.readString(ref);
  const at = dict.windowStart + Math.floor(offset / 8);
  const isSet = at < dict.windowEnd && (dict.windowBuffer[at] & (0x80 >> (offset % 8))) !== 0;
  call.reply.integer(isSet ? 1 : 0);
}

function bitcountCommand(call: Call): void {
  const ref = call.lookupRead(1);
  if (ref === 0) {
    call.reply.integer(0);
    return;
  }
  if (refusesType(call, ref)) return;
  if (call.argc === 3) {
    call.syntaxError();
    return;
  }
  const { dict } = call.client.db;
  const range = readBitRange(call, 2, dict.stringLength(ref));
  if (range === null) return;
  dict.readString(ref);
  const { windowBuffer, windowStart } = dict;
  const { first, last } = range;
  const ones = first > last ? 0 : countOnesInBits(windowBuffer, windowStart, first, last);
  call.reply.integer(ones);
}

function bitposCommand(call: Call): void {
  const bit = integerArgument(call, 2);
  if (Number.isNaN(bit)) return;
  if (bit !== 0 && bit !== 1) {
    call.error('ERR The bit argument must be 1 or 0.');
    return;
  }
  const ref = call.lookupRead(1);
  if (ref === 0) {
    call.reply.integer(bit === 1 ? -1 : 0);
    return;
  }
  if (refusesType(call, ref)) return;
  const { dict } = call.client.db;
  const range = readBitRange(call, 3, dict.stringLength(ref));
  if (range === null) return;
  dict.readString(ref);
  const { first, last } = range;
  const isEmpty = first > last;
  const found = isEmpty ? -1 : findBit(dict.windowBuffer, dict.windowStart, { bit, first, last });
  // Without an end the string counts as followed by zeros.
  const followed = found < 0 && bit === 0 && !isEmpty && call.argc < 5;
  call.reply.integer(followed ? last + 1 : found);
}

const operations: Readonly<Record<string, BitOperation>> = {
  and: 'and',
  or: 'or',
  xor: 'xor',
  not: 'not',
};

function bitopCommand(call: Call): void {
  const operation = operations[call.text(1).toLowerCase()];
  if (operation === undefined) {
    call.syntaxError();
    return;
  }
  if (operation === 'not' && call.argc !== 4) {
    call.error('ERR BITOP NOT must be called with a single source key.');
    return;
  }
  const sources = bitopSources(call);
  if (sources === null) return;
  const { dict } = call.db;
  const lengths = sources.map((ref) => (ref === 0 ? 0 : dict.stringLength(ref)));
  const length = Math.max(...lengths);
  if (length === 0) bitopDelete(call);
  else bitopStore(call, operation, sources, length);
  call.reply.integer(length);
}

/** The entries of the source keys, 0 for those that are missing; null after an error. */
function bitopSources(call: Call): number[] | null {
  const refs: number[] = [];
  for (let index = 3; index < call.argc; index++) {
    const ref = call.lookupRead(index);
    if (ref !== 0 && refusesType(call, ref)) return null;
    refs.push(ref);
  }
  return refs;
}

function bitopDelete(call: Call): void {
  const ref = call.lookupWrite(2);
  if (ref === 0) return;
  call.db.dict.remove(ref);
  call.changed(2);
  call.notify(notifyClass.generic, 'del', 2);
}

function bitopStore(
  call: Call,
  operation: BitOperation,
  sources: readonly number[],
  length: number,
): void {
  const { dict } = call.db;
  const target = call.lookupWrite(2);
  const isSource = target !== 0 && sources.includes(target);
  // A target that is read stays until it is written over, block by block.
  const emptied = isSource
    ? dict.clearExpire(target)
    : storeStringAt(call, target, 2, call.buffer, 0, 0, false);
  const stored = dict.resizeString(emptied, length);
  const operands = sources.map((ref) => {
    if (ref === 0) return { bytes: call.buffer, start: 0, end: 0 };
    dict.readString(isSource && ref === target ? stored : ref);
    return { bytes: dict.windowBuffer, start: dict.windowStart, end: dict.windowEnd };
  });
  dict.readString(stored);
  combineBits(operation, operands, dict.windowBuffer, dict.windowStart, length);
  call.changed(2);
  call.notify(notifyClass.string, 'set', 2);
}
