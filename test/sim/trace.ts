/**
 * What happened in a run: a hash of everything, to compare two runs of one seed, the orders given
 * (faults, changes of role), and the last lines of the logs.
 */
import { createHash } from 'node:crypto';

const tailLines = 120;

export class Trace {
  /** What the simulator did to the cluster, in order. */
  readonly schedule: string[] = [];
  readonly #nowMs: () => number;
  readonly #hash = createHash('sha1');
  readonly #tail: string[] = [];
  readonly #keepAll: boolean;

  constructor(nowMs: () => number, options: { keepAll: boolean }) {
    this.#nowMs = nowMs;
    this.#keepAll = options.keepAll;
  }

  /** Something that a node said, or that became of it. */
  add(who: string, what: string): void {
    const line = `${this.#time()} ${who} ${what}`;
    this.#hash.update(line);
    this.#tail.push(line);
    if (!this.#keepAll && this.#tail.length > 2 * tailLines) this.#tail.splice(0, tailLines);
  }

  /** Something that the simulator does. */
  order(what: string): void {
    this.schedule.push(`${this.#time()} ${what}`);
    this.add('----', what);
  }

  /** Shown only where everything is. */
  detail(who: string, what: string): void {
    if (this.#keepAll) this.add(who, what);
    else this.#hash.update(`${this.#time()} ${who} ${what}`);
  }

  /** A step too small to be shown. */
  tick(what: string): void {
    this.#hash.update(what);
  }

  hash(): string {
    return this.#hash.copy().digest('hex');
  }

  tail(): string[] {
    return this.#keepAll ? [...this.#tail] : this.#tail.slice(-tailLines);
  }

  #time(): string {
    return (this.#nowMs() / 1000).toFixed(4).padStart(9);
  }
}
