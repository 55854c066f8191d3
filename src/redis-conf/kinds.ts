/**
 * The general kinds of directive: yes/no, numbers, sizes, choices and texts. Each constructor is one
 * row's codec plus its columns; the table in directives.ts calls them. Reasons are Redis's [7.0.15].
 */
import { formatMemory, parseMemory } from '../util/units.ts';
import {
  accepted,
  directive,
  failed,
  plainRow,
  quotedRow,
  type Columns,
  type Directive,
  type ReadResult,
} from './directive.ts';

const maxInt32 = 2n ** 31n - 1n;
export const minInt32 = -(2n ** 31n);
export const maxUint32 = 2n ** 32n - 1n;
export const maxInt64 = 2n ** 63n - 1n;
export const maxUint64 = 2n ** 64n - 1n;

export function yesNo(initial: 'yes' | 'no', columns: Columns = {}): Directive<boolean> {
  const read = ([text]: readonly string[]): ReadResult<boolean> => {
    const lower = text.toLowerCase();
    if (lower !== 'yes' && lower !== 'no') return failed("argument must be 'yes' or 'no'");
    return accepted(lower === 'yes', lower);
  };
  const defaults = [initial];
  return directive({ kind: 'bool', defaults, multiArg: false, read, rows: plainRow }, columns);
}

export interface IntegerRange {
  readonly min?: bigint;
  readonly max?: bigint;
  /** Accepted values outside are moved to the nearest bound, as Redis does with `hz`. */
  readonly clamp?: readonly [bigint, bigint];
}

/** An integer of 64 bits; beyond 2^53 the number is the nearest one, the text stays exact. */
export function int(
  initial: number,
  { min = 0n, max = maxInt32, clamp }: IntegerRange = {},
  columns: Columns = {},
): Directive<number> {
  const read = ([text]: readonly string[]): ReadResult<number> => {
    const parsed = parseInt64(text);
    if (parsed === null) return failed("argument couldn't be parsed into an integer");
    if (parsed < min || parsed > max) return outOfRange(min, max);
    const value = clamp === undefined ? parsed : clampTo(parsed, clamp);
    return accepted(Number(value), String(value));
  };
  const defaults = [String(initial)];
  return directive({ kind: 'int', defaults, multiArg: false, read, rows: plainRow }, columns);
}

/** A port; 0 stands for none. */
export function port(initial: number, columns: Columns = {}): Directive<number> {
  return int(initial, { max: 65535n }, columns);
}

export interface MemoryRange {
  readonly min?: bigint;
  readonly max?: bigint;
  /** CONFIG SET raises smaller values to this; a configuration's line is taken as it is. */
  readonly raiseOnSetTo?: bigint;
}

/** Bytes: `64mb`, `1g`, `512`. */
export function memory(
  initial: string,
  { min = 0n, max = maxInt64, raiseOnSetTo = 0n }: MemoryRange = {},
  columns: Columns = {},
): Directive<number> {
  return directive(
    {
      kind: 'memory',
      defaults: [initial],
      multiArg: false,
      read([text], { phase }) {
        const parsed = parseMemory(text);
        if (parsed === null) return failed('argument must be a memory value');
        if (parsed < min || parsed > max) return outOfRange(min, max);
        const bytes = phase === 'set' && parsed < raiseOnSetTo ? raiseOnSetTo : parsed;
        return accepted(Number(bytes), String(bytes));
      },
      rows: (name, now, initial) => [
        { line: `${name} ${formatMemory(BigInt(now.text))}`, force: now.text !== initial.text },
      ],
    },
    columns,
  );
}

/** A file mode such as 700. */
export function octal(initial: string, maxText: string, columns: Columns = {}): Directive<number> {
  const read = ([text]: readonly string[]): ReadResult<number> => {
    if (!/^-?[0-7]*$/.test(text)) return failed("argument couldn't be parsed as an octal number");
    const value = text === '' || text === '-' ? 0 : parseInt(text, 8);
    if (value < 0 || value > parseInt(maxText, 8)) {
      return failed(`argument must be between 0 and ${maxText} inclusive`);
    }
    return accepted(value, value.toString(8));
  };
  const defaults = [initial];
  return directive({ kind: 'octal', defaults, multiArg: false, read, rows: plainRow }, columns);
}

/** One of some words, in any case. */
export function oneOf<const Choice extends string>(
  initial: NoInfer<Choice>,
  choices: readonly Choice[],
  columns: Columns = {},
): Directive<Choice> {
  return directive(
    {
      kind: 'enum',
      defaults: [initial],
      multiArg: false,
      read([text]) {
        const choice = findChoice(choices, text);
        return choice === undefined ? notAChoice(choices) : accepted(choice, choice);
      },
      rows: plainRow,
    },
    columns,
  );
}

export interface TextRules {
  /** The empty text means "not set": a rewritten file has no line for it. */
  readonly emptyIsUnset?: boolean;
  /** Returns what is wrong, or null. */
  readonly check?: (text: string) => string | null;
}

/** Any bytes, one per character (latin1). */
export function text(
  initial: string,
  { emptyIsUnset = false, check }: TextRules = {},
  columns: Columns = {},
): Directive<string> {
  return directive(
    {
      kind: 'string',
      defaults: [initial],
      multiArg: false,
      read([value]) {
        const problem = check?.(value) ?? null;
        return problem === null ? accepted(value, value) : failed(problem);
      },
      rows: (name, now, initial) =>
        emptyIsUnset && now.text === '' ? [] : quotedRow(name, now, initial),
    },
    columns,
  );
}

/** A text where the empty one means "not set". */
export function optionalText(columns: Columns = {}): Directive<string> {
  return text('', { emptyIsUnset: true }, columns);
}

/** −9223372036854775808 … 9223372036854775807 without plus, blanks or leading zeros; or null. */
export function parseInt64(text: string): bigint | null {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text) || text.endsWith('\n')) return null;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : null;
}

export function findChoice<Choice extends string>(
  choices: readonly Choice[],
  text: string,
): Choice | undefined {
  const lower = text.toLowerCase();
  return choices.find((choice) => choice === lower);
}

export function notAChoice(choices: readonly string[]): { kind: 'error'; reason: string } {
  return failed(`argument(s) must be one of the following: ${choices.join(', ')}`);
}

function outOfRange(min: bigint, max: bigint): { kind: 'error'; reason: string } {
  return failed(`argument must be between ${min} and ${max} inclusive`);
}

function clampTo(value: bigint, [low, high]: readonly [bigint, bigint]): bigint {
  return value < low ? low : value > high ? high : value;
}
