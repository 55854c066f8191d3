/**
 * What is wrong with a configuration, and where. Thrown while a configuration is loaded; the server's
 * entry prints `block()` and exits 1, the CLI prints the message like any OperatorError's.
 */
import { OperatorError } from '../util/errors.ts';

/** The release whose directives and texts the table reproduces. */
const redisVersion = '7.0.15';

/** A place in the configuration that a server was started with. */
export interface ConfOrigin {
  /** The file's path as given; null for standard input and the command line. */
  file: string | null;
  /** What to call the place when there is no file: `standard input`, `the command line`. */
  place: string;
  /** 1-based, within that file or place. */
  line: number;
  /** 1-based, as Redis counts: the file, standard input and options are one text. */
  redisLine: number;
  /** The line, without leading and trailing blanks, its secrets masked. */
  text: string;
}

export class ConfError extends OperatorError {
  readonly origin: ConfOrigin;
  readonly reason: string;

  constructor(origin: ConfOrigin, reason: string) {
    super(`${describeOrigin(origin)}: '${origin.text}': ${reason}`);
    this.name = 'ConfError';
    this.origin = origin;
    this.reason = reason;
  }

  /** Redis's four lines, and a fifth that names the file, which Redis leaves to guess. */
  block(version: string = redisVersion): string {
    return (
      `\n*** FATAL CONFIG FILE ERROR (Redis ${version}) ***\n` +
      `Reading the configuration file, at line ${this.origin.redisLine}\n` +
      `>>> '${this.origin.text}'\n` +
      `${this.reason}\n` +
      `(${describeOrigin(this.origin)})\n`
    );
  }
}

function describeOrigin(origin: ConfOrigin): string {
  return origin.file === null ? `on ${origin.place}` : `${origin.file}, line ${origin.line}`;
}
