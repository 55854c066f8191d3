/**
 * From what was thrown to what the user sees: what happened, why, and the next command to type.
 * Three kinds: what the user can act on (OperatorError), a wrong command line (oclif's parser),
 * and bugs, which keep their stack. Called by run-command.ts. No I/O.
 */
import { OperatorError } from '../util/errors.ts';
import { exitCodes } from './exit-codes.ts';

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

/** `argv` tells whether JSON was asked for, and which command's help to point to. */
export function reportError(
  error: unknown,
  { argv }: { readonly argv: readonly string[] },
): ErrorReport {
  // `this.exit(code)` of a command: all has been said.
  if (codeOf(error) === 'EEXIT') {
    return { stdout: '', stderr: '', exitCode: oclifExitCode(error) ?? exitCodes.ok };
  }
  const failure = describe(error, argv);
  const { exitCode } = failure;
  if (wantsJson(argv)) return { stdout: toJson(failure), stderr: '', exitCode };
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

function describe(error: unknown, argv: readonly string[]): Failure {
  if (error instanceof OperatorError) {
    const { message, hint, exitCode, cause } = error;
    return { message, why: messageOf(cause), hint, exitCode };
  }
  if (nameOf(error) === 'ExitPromptError') {
    return { message: 'stopped, nothing was changed', exitCode: exitCodes.interrupted };
  }
  // Everything that oclif throws itself is about the command line; it marks it with an exit code.
  if (error instanceof Error && oclifExitCode(error) !== undefined)
    return describeUsage(error, argv);
  return { message: messageOf(error) ?? 'unknown', exitCode: exitCodes.bug };
}

function describeUsage(error: Error, argv: readonly string[]): Failure {
  const command = argv.find((word) => !word.startsWith('-'));
  const unknown = /^[Cc]ommand (\S+) not found/.exec(error.message)?.[1];
  const message =
    unknown === undefined
      ? lowerFirst(error.message.replace(/\nSee more help with --help$/, ''))
      : `there is no command "${unknown}"`;
  const hint =
    unknown === undefined && command !== undefined ? `repl ${command} --help` : 'repl --help';
  return { message, hint, exitCode: exitCodes.usage };
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
  return error instanceof Error ? error.message : String(error);
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
