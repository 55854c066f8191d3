/**
 * From what was thrown to what the user sees: what happened, why, and the next command to type.
 * Three kinds: what the user can act on (OperatorError), a wrong command line (oclif's parser),
 * and bugs, which keep their stack. Called by run-command.ts. No I/O.
 */
import { inspect } from 'node:util';
import { OperatorError } from '../util/errors.ts';
import { exitCodes } from './exit-codes.ts';
import { suggest } from './suggest.ts';

export interface ErrorReport {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** What a report says, before it is put into text or JSON. */
interface Failure {
  readonly message: string;
  readonly why?: string | undefined;
  readonly hint?: string | undefined;
  readonly exitCode: number;
}

export interface CommandLine {
  /** Tells whether JSON was asked for, and which command's help to point to. */
  readonly argv: readonly string[];
  /** The names of all commands, for when one was mistyped. */
  readonly commands: () => readonly string[];
}

/** Never throws. */
export function reportError(error: unknown, line: CommandLine): ErrorReport {
  // `this.exit(code)` of a command: all has been said.
  if (codeOf(error) === 'EEXIT') {
    return { stdout: '', stderr: '', exitCode: oclifExitCode(error) ?? exitCodes.ok };
  }
  const failure = describe(error, line);
  const { exitCode } = failure;
  if (wantsJson(line.argv)) return { stdout: toJson(failure), stderr: '', exitCode };
  return {
    stdout: '',
    stderr: exitCode === exitCodes.bug ? toCrash(error) : toText(failure),
    exitCode,
  };
}

/** The three lines of a failure that the user can do something about. */
function toText({ message, why, hint }: Failure): string {
  const lines = [`repl: ${message}`];
  if (why !== undefined) lines.push(`why:  ${why}`);
  if (hint !== undefined) lines.push(`next: ${hint}`);
  return lines.map((line) => `${indentRest(line)}\n`).join('');
}

function toJson(failure: Failure): string {
  return `${JSON.stringify({ error: failure }, null, 2)}\n`;
}

function toCrash(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `repl: this is a bug, please report it with the lines below\n${stack}\n`;
}

function describe(error: unknown, line: CommandLine): Failure {
  if (error instanceof OperatorError) {
    const { message, hint, exitCode, cause } = error;
    return { message, why: messageOf(cause), hint, exitCode };
  }
  if (nameOf(error) === 'ExitPromptError') {
    return { message: 'stopped, nothing was changed', exitCode: exitCodes.interrupted };
  }
  // Everything that oclif throws itself is about the command line; it marks it with an exit code.
  if (error instanceof Error && oclifExitCode(error) !== undefined)
    return describeUsage(error, line);
  return { message: messageOf(error) ?? 'unknown', exitCode: exitCodes.bug };
}

function describeUsage(error: Error, { argv, commands }: CommandLine): Failure {
  const exitCode = exitCodes.usage;
  const unknown = /^[Cc]ommand (\S+) not found/.exec(error.message)?.[1];
  if (unknown !== undefined) {
    const word = unknown.split(':')[0];
    const meant = suggest(word, commands());
    const hint = meant === undefined ? 'repl --help' : `did you mean: repl ${meant}`;
    return { message: `there is no command "${word}"`, hint, exitCode };
  }
  const command = argv.find((word) => !word.startsWith('-'));
  const message = lowerFirst(error.message.replace(/\nSee more help with --help$/, ''));
  return { message, hint: `repl ${command === undefined ? '' : `${command} `}--help`, exitCode };
}

/** As oclif sees it: `--json` before a `--`. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).includes('--json');
}

function indentRest(text: string): string {
  return text.trimEnd().replaceAll('\n', '\n      ');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function messageOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  if (typeof error === 'string') return error;
  return error instanceof Error ? error.message : inspect(error);
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? (error as { code?: unknown }).code : undefined;
}

function oclifExitCode(error: unknown): number | undefined {
  const { oclif } = error as { oclif?: { exit?: unknown } };
  return typeof oclif?.exit === 'number' ? oclif.exit : undefined;
}
