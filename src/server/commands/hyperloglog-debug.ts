/** PFDEBUG shows how a HyperLogLog is stored, PFSELFTEST whether the estimates are good. */
import { selfTest } from '../types/hll-self-test.ts';
import { type Hyperloglog, newRegisters } from '../types/hyperloglog.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import {
  openHyperloglog,
  readHyperloglog,
  refuseCorrupt,
  refusesHyperloglog,
  storeHyperloglog,
} from './hyperloglog.ts';

const row = { categories: ['hyperloglog'], group: 'hyperloglog', since: '2.8.9' } as const;

export const hyperloglogDebugCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'pfdebug',
    arity: 3,
    flags: ['write', 'denyoom', 'admin'],
    keys: [2, 2, 1],
    summary: 'Shows the inside of a HyperLogLog: GETREG, DECODE, ENCODING, TODENSE.',
    complexity: 'O(1), as the number of registers is fixed',
    handler: pfdebugCommand,
  },
  {
    ...row,
    name: 'pfselftest',
    arity: 1,
    flags: ['admin'],
    summary: 'Tests whether HyperLogLogs count well on this machine; others wait meanwhile.',
    complexity: 'O(1): some tenths of a second',
    handler: pfselftestCommand,
  },
];

function pfdebugCommand(call: Call): void {
  const ref = call.lookupWrite(2);
  if (ref === 0) {
    call.error('ERR The specified key does not exist');
    return;
  }
  if (refusesHyperloglog(call, ref)) return;
  if (call.is(1, 'getreg')) showRegisters(call, ref);
  else if (call.is(1, 'decode')) showRuns(call, ref);
  else if (call.is(1, 'encoding')) call.reply.simple(readHyperloglog(call, ref).encoding);
  else if (call.is(1, 'todense')) convertToDense(call, ref);
  else call.error(`ERR Unknown PFDEBUG subcommand '${call.text(1)}'`);
}

function showRegisters(call: Call, ref: number): void {
  const hll = openDense(call, ref);
  if (hll === null) return;
  const registers = newRegisters();
  hll.mergeInto(registers);
  call.reply.array(registers.length);
  for (const register of registers) call.reply.integer(register);
}

function showRuns(call: Call, ref: number): void {
  const hll = readHyperloglog(call, ref);
  if (hll.encoding === 'dense') call.error('ERR HLL encoding is not sparse');
  else call.reply.bulkText(hll.describeRuns());
}

function convertToDense(call: Call, ref: number): void {
  const wasSparse = readHyperloglog(call, ref).encoding === 'sparse';
  if (openDense(call, ref) !== null) call.reply.integer(wasSparse ? 1 : 0);
}

/** The one in the entry, dense from now on; null after an error. The entry may have moved. */
function openDense(call: Call, ref: number): Hyperloglog | null {
  const hll = openHyperloglog(call, ref);
  if (hll.encoding === 'dense') return hll;
  if (!hll.toDense()) {
    refuseCorrupt(call);
    return null;
  }
  storeHyperloglog(call, 2, ref, hll);
  // Counted but not signalled: to watchers nothing has changed. [hyperloglog.c, 7.0]
  call.keyspace.dirty++;
  return hll;
}

function pfselftestCommand(call: Call): void {
  const failure = selfTest(call.server.random);
  if (failure === null) call.reply.ok();
  else call.error(`TESTFAILED ${failure}`);
}
