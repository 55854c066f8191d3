/**
 * What a command is: its row in the table, and the counters that INFO shows. Every row lives
 * beside its handler in `commands/`; `command-table.ts` collects them. The names of categories,
 * and the key positions, are those of COMMAND INFO in Redis 7.0.
 */
import type { Call } from './call.ts';
import { type CommandFlag, commandFlags, gateBits } from './command-flags.ts';
import type { LatencyHistogram } from './latency-histogram.ts';

export type Handler = (call: Call) => void;

/** A row of the command table. */
export interface CommandSpec {
  /** Lower case; a subcommand's own word only (`list` of `client|list`). */
  readonly name: string;
  /** Arguments with the command's name: exactly n, or at least −n. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** ACL categories, without '@'; those that follow from the flags are added. */
  readonly categories: readonly string[];
  /** First key, last key (negative counts from the end), step; absent: no keys. */
  readonly keys?: readonly [first: number, last: number, step: number];
  /** Keys that are not at fixed places (`SORT … STORE`): their argument indexes. */
  readonly findKeys?: (call: Call) => number[];
  /** Redis's group: `string`, `generic`, `connection`, `server`, `transactions` … */
  readonly group: string;
  /** The Redis version that brought it. */
  readonly since: string;
  readonly summary: string;
  readonly complexity: string;
  /** Absent only for containers, whose second word picks one of `subcommands`. */
  readonly handler?: Handler;
  readonly subcommands?: readonly CommandSpec[];
}

/** A row at work. */
export class Command {
  readonly spec: CommandSpec;
  /** `get`, or `client|list`. */
  readonly fullName: string;
  readonly arity: number;
  /** commandFlags and gateBits. */
  readonly bits: number;
  readonly handler: Handler;
  readonly subcommands: ReadonlyMap<string, Command> | null;
  calls = 0;
  usec = 0;
  rejectedCalls = 0;
  failedCalls = 0;
  /** How long its executions took; null until there is one to count. */
  latency: LatencyHistogram | null = null;

  constructor(spec: CommandSpec, parent?: CommandSpec) {
    this.spec = spec;
    this.fullName = parent === undefined ? spec.name : `${parent.name}|${spec.name}`;
    this.arity = spec.arity;
    this.bits = bitsOf(spec);
    this.handler = spec.handler ?? refuseContainer;
    this.subcommands =
      spec.subcommands === undefined
        ? null
        : new Map(spec.subcommands.map((row) => [row.name, new Command(row, spec)]));
  }

  has(flag: CommandFlag): boolean {
    return (this.bits & commandFlags[flag]) !== 0;
  }

  /** Whether `argc` arguments are wrong for it. */
  refusesArity(argc: number): boolean {
    return this.arity >= 0 ? argc !== this.arity : argc < -this.arity;
  }

  resetStats(): void {
    this.calls = 0;
    this.usec = 0;
    this.rejectedCalls = 0;
    this.failedCalls = 0;
    this.latency = null;
    this.subcommands?.forEach((command) => command.resetStats());
  }
}

function bitsOf(spec: CommandSpec): number {
  let bits: number = gateBits.any;
  for (const flag of spec.flags) bits |= commandFlags[flag];
  if (!spec.flags.includes('loading')) bits |= gateBits.notLoading;
  if (!spec.flags.includes('stale')) bits |= gateBits.notStale;
  if (!isShort(spec)) bits |= gateBits.timedAlone;
  return bits;
}

/** Those that may wait or carry a password are not, however fast; SET is, though nobody says so. */
function isShort({ name, flags }: CommandSpec): boolean {
  if (flags.includes('no_auth') || flags.includes('blocking')) return false;
  return flags.includes('fast') || name === 'set' || name === 'setex' || name === 'psetex';
}

/** Containers are resolved to a subcommand before they run; see `CommandTable.lookup`. */
function refuseContainer(call: Call): void {
  throw new Error(`the container ${call.command.fullName} was run without its subcommand`);
}
