/**
 * All commands, found by the bytes of their name in any case: a small open-addressing table keyed
 * by a folded hash, so that dispatch makes no string per request. The rows stand beside their
 * handlers in `commands/`; this file only collects them.
 */
import { ConfError } from '../redis-conf/conf-error.ts';
import type { SourcedLine } from '../redis-conf/conf-source.ts';
import type { Call } from './call.ts';
import { Command, type CommandSpec } from './command.ts';
import type { CommandLookup } from './context.ts';

/** Several times the number of commands, so that probes stay short. */
const slotCount = 1024;

export class CommandTable implements CommandLookup {
  readonly all: ReadonlyMap<string, Command>;
  /** 1 + the index of a command and its name; 0: empty. */
  readonly #slots = new Int16Array(slotCount);
  readonly #commands: Command[] = [];
  readonly #names: Buffer[] = [];

  /** Throws ConfError for a `rename-command` line that cannot be followed. */
  constructor(specs: readonly CommandSpec[], renames: readonly SourcedLine[] = []) {
    const all = new Map<string, Command>();
    for (const spec of specs) {
      if (all.has(spec.name)) throw new Error(`the command ${spec.name} has two rows`);
      all.set(spec.name, new Command(spec));
    }
    for (const { args, origin } of renames) {
      const problem = rename(all, args[0].toLowerCase(), args[1].toLowerCase());
      if (problem !== null) throw new ConfError(origin, problem);
    }
    for (const [name, command] of all) this.#add(name, command);
    this.all = all;
  }

  byName(name: string): Command | null {
    const [first = '', second, third] = name.toLowerCase().split('|');
    if (third !== undefined) return null;
    const command = this.all.get(first) ?? null;
    if (second === undefined || command === null) return command;
    return command.subcommands?.get(second) ?? null;
  }

  /** The command named by a window of bytes; a container is returned as such. */
  lookup(bytes: Uint8Array, start: number, end: number): Command | null {
    let slot = foldedHash(bytes, start, end);
    for (;;) {
      const index = this.#slots[slot] - 1;
      if (index < 0) return null;
      const name = this.#names[index];
      if (name.length === end - start && foldedEquals(name, bytes, start)) {
        return this.#commands[index];
      }
      slot = (slot + 1) & (slotCount - 1);
    }
  }

  /** The subcommand that the request's second word names, null when there is none such. */
  subcommand(container: Command, call: Call): Command | null {
    return container.subcommands?.get(call.text(1).toLowerCase()) ?? null;
  }

  #add(name: string, command: Command): void {
    const bytes = Buffer.from(name, 'latin1');
    let slot = foldedHash(bytes, 0, bytes.length);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & (slotCount - 1);
    this.#names.push(bytes);
    this.#slots[slot] = this.#commands.push(command);
  }
}

/**
 * Lets a command be called by another name alone, or by none at all where that is empty; a text says
 * why not. It goes on being shown under its own name. [Redis 7.0]
 */
function rename(all: Map<string, Command>, from: string, to: string): string | null {
  const command = all.get(from);
  if (command === undefined) return 'No such command in rename-command';
  all.delete(from);
  if (to === '') return null;
  if (all.has(to)) return 'Target command name already exists';
  all.set(to, command);
  return null;
}

/** Setting bit 5 folds the case of letters; what else it merges, `foldedEquals` tells apart. */
function foldedHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = Math.imul(hash, 31) + (bytes[at] | 0x20);
  return (hash ^ (hash >>> 10)) & (slotCount - 1);
}

function foldedEquals(name: Buffer, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < name.length; index++) {
    let byte = bytes[start + index];
    if (byte >= 65 && byte <= 90) byte |= 0x20;
    if (byte !== name[index]) return false;
  }
  return true;
}
