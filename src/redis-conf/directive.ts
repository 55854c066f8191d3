/**
 * What a directive is: the columns of the table in directives.ts, how a value is read from words,
 * and how it is written back. Used by the kinds, the settings and the rewrite.
 */
import { quoteArg, splitArgs } from './split-args.ts';

/** What reading a value depends on besides its words. */
interface ReadContext<T> {
  /** The value so far; null at the directive's first line in a configuration. */
  readonly previous: T | null;
  /** From a configuration's line, or from CONFIG SET. */
  readonly phase: 'load' | 'set';
}

/** `text` is the value as CONFIG GET shows it, exact where a number outgrows a JS number. */
export type ReadResult<T> =
  | { readonly kind: 'value'; readonly value: T; readonly text: string }
  | { readonly kind: 'error'; readonly reason: string };

export interface Setting<T> {
  readonly value: T;
  readonly text: string;
}

/** A line for a rewritten file; one without `force` only replaces a line that is already there. */
export interface ConfRow {
  readonly line: string;
  readonly force: boolean;
}

/** How the words of one kind of directive become a value, and the value lines of a file. */
export interface Codec<T> {
  readonly kind: DirectiveKind;
  /** Words of the default value, as a line in a file would have them. */
  readonly defaults: readonly string[];
  /** Takes several words; CONFIG SET and a line with a single word cut it at spaces. */
  readonly multiArg: boolean;
  read(args: readonly string[], context: ReadContext<T>): ReadResult<T>;
  rows(name: string, now: Setting<T>, initial: Setting<T>): readonly ConfRow[];
}

type DirectiveKind =
  | 'bool'
  | 'int'
  | 'memory'
  | 'memory-or-percent'
  | 'octal'
  | 'enum'
  | 'enum-set'
  | 'string'
  | 'special';

/** The columns besides the codec; directives.ts explains them. */
export interface Columns {
  readonly alias?: string;
  readonly mutable?: Mutability;
  readonly hidden?: boolean;
  readonly sensitive?: boolean;
  readonly effect?: Effect;
  readonly refuse?: Refusal;
}

type Mutability = 'yes' | 'no' | 'protected';
type Effect = 'full' | 'none';

/** Values that Redis knows and the bundled server cannot honour, and what to do instead. */
interface Refusal {
  /** `text` is the value as CONFIG GET would show it. */
  readonly when: (text: string) => boolean;
  readonly because: string;
}

export interface Directive<T> extends Codec<T> {
  readonly alias: string | null;
  readonly mutable: Mutability;
  readonly hidden: boolean;
  readonly sensitive: boolean;
  readonly effect: Effect;
  readonly refuse: Refusal | null;
}

export function directive<T>(codec: Codec<T>, columns: Columns): Directive<T> {
  return {
    ...codec,
    alias: columns.alias ?? null,
    mutable: columns.mutable ?? 'yes',
    hidden: columns.hidden ?? false,
    sensitive: columns.sensitive ?? false,
    effect: columns.effect ?? 'full',
    refuse: columns.refuse ?? null,
  };
}

/**
 * Reads the words behind the name on a configuration's line. Errors are Redis's reasons, without
 * the frame around them.
 */
export function readLine<T>(
  row: Directive<T>,
  args: readonly string[],
  previous: T | null,
): ReadResult<T> {
  if (!row.multiArg && args.length !== 1) return failed('wrong number of arguments');
  // One word of a list is a list in quotes: `save "60 1"`, `--replicaof "127.0.0.1 6379"`.
  const quoted = row.multiArg && args.length === 1 && args[0] !== '';
  const words = quoted ? splitArgs(args[0]) : args;
  if (words === null) return failed('Unbalanced quotes in configuration line');
  return row.read(words, { previous, phase: 'load' });
}

/** Reads the value argument of CONFIG SET. */
export function readSetValue<T>(row: Directive<T>, text: string, previous: T): ReadResult<T> {
  const words = !row.multiArg ? [text] : text === '' ? [] : text.split(' ');
  return row.read(words, { previous, phase: 'set' });
}

/** The value before any line was read. */
export function initialSetting<T>(row: Directive<T>): Setting<T> {
  const result = row.read(row.defaults, { previous: null, phase: 'load' });
  if (result.kind === 'error') throw new Error(`bad default in the table: ${result.reason}`);
  return { value: result.value, text: result.text };
}

export function accepted<T>(value: T, text: string): ReadResult<T> {
  return { kind: 'value', value, text };
}

export function failed(reason: string): { kind: 'error'; reason: string } {
  return { kind: 'error', reason };
}

/** The one line `name text`, needed only when the value is not the default. */
export function plainRow<T>(name: string, now: Setting<T>, initial: Setting<T>): ConfRow[] {
  return [{ line: `${name} ${now.text}`, force: now.text !== initial.text }];
}

/** The same with the value in quotes. */
export function quotedRow<T>(name: string, now: Setting<T>, initial: Setting<T>): ConfRow[] {
  return [{ line: `${name} ${quoteArg(now.text)}`, force: now.text !== initial.text }];
}
