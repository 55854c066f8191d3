/** Parts of a string: APPEND, STRLEN, GETRANGE and SUBSTR, SETRANGE. */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { clientFlags } from '../client.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { integerArgument, refusesType, storeStringAt } from './generic-arguments.ts';

const row = { categories: ['string'], keys: [1, 1, 1], group: 'string' } as const;

const getrangeRow = {
  ...row,
  arity: 4,
  flags: ['readonly'],
  complexity: 'O(n) for n bytes returned',
  handler: getrangeCommand,
} as const;

export const stringRangeCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'append',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    since: '2.0.0',
    summary: 'Adds bytes to the end of a string; a missing one counts as empty.',
    complexity: 'O(1) for each byte added, as the string grows by doubling',
    handler: appendCommand,
  },
  {
    ...row,
    name: 'strlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    since: '2.2.0',
    summary: 'Returns the length of a string in bytes.',
    complexity: 'O(1)',
    handler: strlenCommand,
  },
  {
    ...getrangeRow,
    name: 'getrange',
    since: '2.4.0',
    summary: 'Reads the bytes of a string from one position to another.',
  },
  {
    ...getrangeRow,
    name: 'substr',
    since: '1.0.0',
    summary: 'The old name of GETRANGE.',
  },
  {
    ...row,
    name: 'setrange',
    arity: 4,
    flags: ['write', 'denyoom'],
    since: '2.2.0',
    summary: 'Overwrites bytes of a string from a position on; a gap is filled with zeros.',
    complexity: 'O(n) for n bytes written, and for the zeros before them',
    handler: setrangeCommand,
  },
];

function appendCommand(call: Call): void {
  const { buffer, argStart, argEnd } = call;
  const { dict } = call.client.db;
  const ref = call.lookupWrite(1);
  const added = call.argLength(2);
  let length = added;
  if (ref === 0) {
    storeStringAt(call, 0, 1, buffer, argStart[2], argEnd[2], false);
  } else {
    if (refusesType(call, ref)) return;
    const before = dict.stringLength(ref);
    if (refusesLength(call, before + added)) return;
    dict.resizeString(ref, before + added);
    buffer.copy(dict.windowBuffer, dict.windowStart + before, argStart[2], argEnd[2]);
    length = before + added;
  }
  call.changed(1);
  call.notify(notifyClass.string, 'append', 1);
  call.reply.integer(length);
}

function strlenCommand(call: Call): void {
  const ref = call.lookupRead(1);
  if (ref !== 0 && refusesType(call, ref)) return;
  call.reply.integer(ref === 0 ? 0 : call.client.db.dict.stringLength(ref));
}

function getrangeCommand(call: Call): void {
  let first = integerArgument(call, 2);
  if (Number.isNaN(first)) return;
  let last = integerArgument(call, 3);
  if (Number.isNaN(last)) return;
  const ref = call.lookupRead(1);
  if (ref !== 0 && refusesType(call, ref)) return;
  const { dict } = call.client.db;
  const length = ref === 0 ? 0 : dict.stringLength(ref);
  // Both before the start and in the wrong order is empty; clamped one by one it would not be.
  const reversed = first < 0 && last < 0 && first > last;
  if (first < 0) first = Math.max(0, first + length);
  if (last < 0) last = Math.max(0, last + length);
  last = Math.min(last, length - 1);
  if (reversed || first > last) {
    call.reply.bulk(call.buffer, 0, 0);
    return;
  }
  dict.readString(ref);
  const start = dict.windowStart;
  call.reply.bulk(dict.windowBuffer, start + first, start + last + 1);
}

function setrangeCommand(call: Call): void {
  const offset = integerArgument(call, 2);
  if (Number.isNaN(offset)) return;
  if (offset < 0) {
    call.error('ERR offset is out of range');
    return;
  }
  const { dict } = call.client.db;
  let ref = call.lookupWrite(1);
  if (ref !== 0 && refusesType(call, ref)) return;
  const before = ref === 0 ? 0 : dict.stringLength(ref);
  const written = call.argLength(3);
  if (written === 0) {
    call.reply.integer(before);
    return;
  }
  if (refusesLength(call, offset + written)) return;
  if (ref === 0) ref = storeStringAt(call, 0, 1, call.buffer, 0, 0, false);
  const length = Math.max(before, offset + written);
  dict.resizeString(ref, length);
  const at = dict.windowStart + offset;
  call.buffer.copy(dict.windowBuffer, at, call.argStart[3], call.argEnd[3]);
  call.changed(1);
  call.notify(notifyClass.string, 'setrange', 1);
  call.reply.integer(length);
}

/** What our master has accepted is not refused here: the data sets must stay equal. */
function refusesLength(call: Call, length: number): boolean {
  if (length <= call.server.config.protoMaxBulkLen || call.client.has(clientFlags.master)) {
    return false;
  }
  call.error('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
  return true;
}
