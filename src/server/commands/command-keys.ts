/** COMMAND GETKEYS and GETKEYSANDFLAGS: which arguments of a request are keys. */
import { Call } from '../call.ts';
import type { Command } from '../command.ts';
import { type KeyFlag, type KeySpec, keySpecsOf, usedFlags } from './command-key-specs.ts';
import { countedKeys } from './generic-arguments.ts';

interface FoundKey {
  /** The argument's index in the request that was asked about. */
  readonly index: number;
  readonly flags: readonly KeyFlag[];
}

export function getkeysCommand(call: Call): void {
  const asked = requestAskedAbout(call);
  const keys = findKeys(call, asked);
  if (keys === null) return;
  call.reply.array(keys.length);
  for (const { index } of keys) call.reply.bulk(asked.arg(index));
}

export function getkeysandflagsCommand(call: Call): void {
  const asked = requestAskedAbout(call);
  const keys = findKeys(call, asked);
  if (keys === null) return;
  call.reply.array(keys.length);
  for (const { index, flags } of keys) {
    call.reply.array(2);
    call.reply.bulk(asked.arg(index));
    call.reply.set(flags.length);
    for (const flag of flags) call.reply.simple(flag);
  }
}

/** The words after `COMMAND GETKEYS`, as if they were a request of their own. */
function requestAskedAbout(call: Call): Call {
  const asked = new Call(call.server, call.reply);
  asked.client = call.client;
  asked.buffer = call.buffer;
  asked.argc = call.argc - 2;
  asked.argStart = call.argStart.slice(2, call.argc);
  asked.argEnd = call.argEnd.slice(2, call.argc);
  return asked;
}

/** Null when an error has been replied to `call`. */
function findKeys(call: Call, asked: Call): FoundKey[] | null {
  const command = commandOf(asked);
  if (command === null) return refuse(call, 'ERR Invalid command specified');
  const specs = keySpecsOf(command);
  if (specs.length === 0 && command.spec.findKeys === undefined) {
    return refuse(call, 'ERR The command has no key arguments');
  }
  if (command.refusesArity(asked.argc)) {
    return refuse(call, 'ERR Invalid number of arguments specified for command');
  }
  const keys = keysOf(command, specs, asked);
  if (keys.length === 0 && !command.has('no_mandatory_keys')) {
    return refuse(call, 'ERR Invalid arguments specified for command');
  }
  return keys;
}

function keysOf(command: Command, specs: readonly KeySpec[], asked: Call): FoundKey[] {
  const ranges = specs.flatMap((spec) => keysInRange(spec, command, asked));
  if (command.spec.findKeys === undefined) return ranges;
  const found = command.spec.findKeys(asked);
  return found.map((index, at) => ({ index, flags: flagsOfFound(index, at, ranges, specs) }));
}

/** A key outside all ranges belongs to the last spec: SORT's STORE. */
function flagsOfFound(
  index: number,
  at: number,
  ranges: readonly FoundKey[],
  specs: readonly KeySpec[],
): readonly KeyFlag[] {
  const ranged = ranges.find((key) => key.index === index);
  return ranged?.flags ?? specs[at === 0 ? 0 : specs.length - 1]?.flags ?? [];
}

function keysInRange(spec: KeySpec, command: Command, asked: Call): FoundKey[] {
  if (typeof spec.begin !== 'number' || spec.range === 'unknown') return [];
  const flags = usedFlags(spec, command, asked);
  if (spec.range === 'counted') {
    return countedKeys(asked, spec.begin).map((index) => ({ index, flags }));
  }
  const [last, step] = spec.range;
  const end = last < 0 ? asked.argc + last : spec.begin + last;
  const keys: FoundKey[] = [];
  for (let index = spec.begin; index <= end && index < asked.argc; index += step) {
    keys.push({ index, flags });
  }
  return keys;
}

function commandOf(asked: Call): Command | null {
  const command = asked.server.commands.byName(asked.text(0));
  if (command === null || command.subcommands === null || asked.argc < 2) return command;
  return command.subcommands.get(asked.text(1).toLowerCase()) ?? null;
}

function refuse(call: Call, error: string): null {
  call.error(error);
  return null;
}
