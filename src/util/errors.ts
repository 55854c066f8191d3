/**
 * The two kinds of failure that are not replies on the wire: what the user can act on, and bugs.
 */

/** Something the operator can mend. The CLI prints the message and the hint, never a stack. */
export class OperatorError extends Error {
  /** The next command to type, or what to change. */
  readonly hint: string | undefined;
  /** From the table of exit codes; 1 where no better one applies. */
  readonly exitCode: number;

  constructor(
    message: string,
    options: { hint?: string; exitCode?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OperatorError';
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** A broken invariant is a bug: crash with the stack rather than go on with wrong data. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
