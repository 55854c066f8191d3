/**
 * BITFIELD and BITFIELD_RO: a list of operations on whole numbers of any width at any bit of a
 * string. All are read before the first is run: one that is wrong leaves the string as it is.
 */
import { parseSmallInteger } from '../../util/int64.ts';
import {
  addSmall,
  addToField,
  readField,
  toField,
  writeField,
  type FieldType,
  type OverflowRule,
} from '../types/bit-fields.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { checkedBitOffset, openForBits } from './bitmap-arguments.ts';
import { bigintArgument, refusesType } from './generic-arguments.ts';

const row = {
  arity: -2,
  categories: ['bitmap'],
  keys: [1, 1, 1],
  group: 'bitmap',
  complexity: 'O(1) for each operation',
} as const;

export const bitfieldCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'bitfield',
    flags: ['write', 'denyoom'],
    since: '3.2.0',
    summary: 'Reads, sets and adds to whole numbers of any width inside a string.',
    handler: bitfieldCommand,
  },
  {
    ...row,
    name: 'bitfield_ro',
    flags: ['readonly', 'fast'],
    since: '6.0.0',
    summary: 'Reads whole numbers of any width inside a string.',
    handler: bitfieldRoCommand,
  },
];

interface Operation {
  readonly word: 'get' | 'set' | 'incrby';
  readonly type: FieldType;
  readonly offset: number;
  /** A number where it is small. */
  readonly value: number | bigint;
  readonly overflow: OverflowRule;
}

const overflowRules: readonly OverflowRule[] = ['wrap', 'sat', 'fail'];
/** Words an operation has, its name included. */
const operationWords = { get: 3, set: 4, incrby: 4 } as const;
const operationNames = Object.keys(operationWords) as (keyof typeof operationWords)[];

function bitfieldCommand(call: Call): void {
  const operations = readOperations(call);
  if (operations === null) return;
  if (operations.every(({ word }) => word === 'get')) readFields(call, operations);
  else changeFields(call, operations);
}

function bitfieldRoCommand(call: Call): void {
  const operations = readOperations(call);
  if (operations === null) return;
  if (operations.every(({ word }) => word === 'get')) readFields(call, operations);
  else call.error('ERR BITFIELD_RO only supports the GET subcommand');
}

function readFields(call: Call, operations: readonly Operation[]): void {
  const ref = call.lookupRead(1);
  if (ref !== 0 && refusesType(call, ref)) return;
  const { dict } = call.db;
  call.reply.array(operations.length);
  if (ref !== 0) dict.readString(ref);
  const start = ref === 0 ? 0 : dict.windowStart;
  const end = ref === 0 ? 0 : dict.windowEnd;
  for (const { type, offset } of operations) {
    call.reply.integer(readField(dict.windowBuffer, start, end, offset, type));
  }
}

function changeFields(call: Call, operations: readonly Operation[]): void {
  const ref = call.lookupWrite(1);
  if (ref !== 0 && refusesType(call, ref)) return;
  const grown = openForBits(call, ref, lastWrittenBit(operations));
  let changes = 0;
  call.reply.array(operations.length);
  for (const operation of operations) {
    const outcome = runOperation(call, operation);
    if (outcome === 'changed' || (outcome === 'same' && grown)) changes++;
  }
  if (changes > 0) {
    call.changed(1, changes);
    call.notify(notifyClass.string, 'setbit', 1);
  } else if (grown) {
    // All was refused, and still the string is longer. Redis forgets to tell its replicas. [7.0]
    call.changed(1);
  }
}

function lastWrittenBit(operations: readonly Operation[]): number {
  let last = 0;
  for (const { word, offset, type } of operations) {
    if (word !== 'get') last = Math.max(last, offset + type.bits - 1);
  }
  return last;
}

/** Runs one operation on the open window, and replies. */
function runOperation(call: Call, operation: Operation): 'read' | 'refused' | 'same' | 'changed' {
  const { windowBuffer: bytes, windowStart: start, windowEnd: end } = call.db.dict;
  const { word, type, offset, value, overflow } = operation;
  const before = readField(bytes, start, end, offset, type);
  if (word === 'get') {
    call.reply.integer(before);
    return 'read';
  }
  if (typeof before === 'number' && typeof value === 'number') {
    const after = addSmall(word === 'set' ? 0 : before, value, type);
    if (!Number.isNaN(after)) {
      call.reply.integer(word === 'set' ? before : after);
      writeField(bytes, start, offset, type.bits, after);
      return after === before ? 'same' : 'changed';
    }
  }
  const [exact, wanted] = [BigInt(before), BigInt(value)];
  const after =
    word === 'set' ? toField(wanted, type, overflow) : addToField(exact, wanted, type, overflow);
  if (after === null) {
    call.reply.nil();
    return 'refused';
  }
  call.reply.integer(word === 'set' ? before : after);
  writeField(bytes, start, offset, type.bits, after);
  return after === exact ? 'same' : 'changed';
}

/** Null after an error reply. */
function readOperations(call: Call): Operation[] | null {
  const operations: Operation[] = [];
  let overflow: OverflowRule = 'wrap';
  for (let index = 2; index < call.argc;) {
    if (call.is(index, 'overflow') && index + 1 < call.argc) {
      const rule = overflowRules.find((each) => call.is(index + 1, each));
      if (rule === undefined) return refuse(call, 'ERR Invalid OVERFLOW type specified');
      overflow = rule;
      index += 2;
      continue;
    }
    const word = operationNames.find((each) => call.is(index, each));
    if (word === undefined || index + operationWords[word] > call.argc) {
      call.syntaxError();
      return null;
    }
    const operation = readOperation(call, index, word, overflow);
    if (operation === null) return null;
    operations.push(operation);
    index += operationWords[word];
  }
  return operations;
}

function readOperation(
  call: Call,
  index: number,
  word: Operation['word'],
  overflow: OverflowRule,
): Operation | null {
  const type = readFieldType(call, index + 1);
  if (type === null) {
    return refuse(
      call,
      'ERR Invalid bitfield type. Use something like i16 u8. ' +
        'Note that u64 is not supported but i64 is.',
    );
  }
  const offset = readFieldOffset(call, index + 2, type.bits);
  if (Number.isNaN(offset)) return null;
  const value = word === 'get' ? 0 : readFieldValue(call, index + 3);
  return value === null ? null : { word, type, offset, value, overflow };
}

function readFieldValue(call: Call, index: number): number | bigint | null {
  const small = call.integer(index);
  return Number.isNaN(small) ? bigintArgument(call, index) : small;
}

/** `i` or `u` and a number of bits without leading zeros; null when it is none. */
function readFieldType(call: Call, index: number): FieldType | null {
  const { buffer } = call;
  const start = call.argStart[index];
  const signed = buffer[start] === letterI;
  if (call.argLength(index) < 2 || (!signed && buffer[start] !== letterU)) return null;
  const bits = parseSmallInteger(buffer, start + 1, call.argEnd[index]);
  return bits >= 1 && bits <= (signed ? 64 : 63) ? { signed, bits } : null;
}

const letterI = 105;
const letterU = 117;

/** `#3` is the fourth field of that width. NaN after an error reply. */
function readFieldOffset(call: Call, index: number, bits: number): number {
  const start = call.argStart[index];
  if (call.argLength(index) === 0 || call.buffer[start] !== hash) {
    return checkedBitOffset(call, call.integer(index));
  }
  const number = parseSmallInteger(call.buffer, start + 1, call.argEnd[index]);
  return checkedBitOffset(call, number * bits);
}

const hash = 35;

function refuse(call: Call, error: string): null {
  call.error(error);
  return null;
}
