/**
 * The server's log, in the line form that Redis's users and scripts know:
 * `4242:M 24 Nov 2026 01:49:30.123 * Ready to accept connections`.
 * Every part of the server gets a Logger; none writes to a stream of its own.
 */
import type { Clock } from '../util/clock.ts';

/** From chatty to terse, the values of the `loglevel` directive. */
export const logLevels = ['debug', 'verbose', 'notice', 'warning'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The letter after the pid: M master, S replica, C a child or a process before it serves. */
export type LogRole = 'M' | 'S' | 'C';

const marks: Record<LogLevel, string> = { debug: '.', verbose: '-', notice: '*', warning: '#' };
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

export class Logger {
  level: LogLevel = 'notice';
  role: LogRole = 'C';
  readonly #clock: Clock;
  readonly #pid: number;
  #write: (line: string) => void;

  constructor(options: { clock: Clock; pid: number; write: (line: string) => void }) {
    this.#clock = options.clock;
    this.#pid = options.pid;
    this.#write = options.write;
  }

  /** Sends all further lines elsewhere: used once the log file is known. */
  redirect(write: (line: string) => void): void {
    this.#write = write;
  }

  debug(message: string): void {
    this.#log('debug', message);
  }

  verbose(message: string): void {
    this.#log('verbose', message);
  }

  notice(message: string): void {
    this.#log('notice', message);
  }

  warning(message: string): void {
    this.#log('warning', message);
  }

  #log(level: LogLevel, message: string): void {
    if (logLevels.indexOf(level) < logLevels.indexOf(this.level)) return;
    const time = formatLogTime(this.#clock.now());
    this.#write(`${this.#pid}:${this.role} ${time} ${marks[level]} ${message}\n`);
  }
}

function formatLogTime(unixMs: number): string {
  const at = new Date(unixMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const millis = String(at.getMilliseconds()).padStart(3, '0');
  return `${two(at.getDate())} ${months[at.getMonth()]} ${at.getFullYear()} ${clock}.${millis}`;
}
