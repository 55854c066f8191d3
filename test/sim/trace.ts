/**
 * What happened in a run: a hash of everything, to compare two runs of one seed, the orders given
 * (faults, changes of role), and the last lines of the logs.
 */
import { createHash } from 'node:crypto';

const tailLines = 120;
/** Hashing many short texts one by one costs more than hashing them. */
const hashedAtOnce = 4096;

export class Trace {
  /** What the simulator did to the cluster, in order. */
  readonly schedule: string[] = [];
  /** Whether `detail` keeps what it is told. */
  readonly keepsAll: boolean;
  readonly #nowMs: () => number;
  readonly #hash = createHash('sha1');
  #unhashed = '';
  readonly #tail: string[] = [];

  constructor(nowMs: () => number, options: { keepAll: boolean }) {
    this.#nowMs = nowMs;
    this.keepsAll = options.keepAll;
  }

  /** Something that a node said, or that became of it. */
  add(who: string, what: string): void {
    const line = `${this.#time()} ${who} ${what}`;
    this.tick(line);
    this.#keep(line);
  }

  /** Something that the simulator does. */
  order(what: string): void {
    this.schedule.push(`${this.#time()} ${what}`);
    this.add('----', what);
  }

  /** Shown only where everything is, and no part of the hash. */
  detail(who: string, what: string): void {
    if (this.keepsAll) this.#keep(`${this.#time()} ${who} ${what}`);
  }

  /** A step too small to be shown. */
  tick(what: string): void {
    this.#unhashed += what;
    if (this.#unhashed.length >= hashedAtOnce) this.#flush();
  }

  hash(): string {
    this.#flush();
    return this.#hash.copy().digest('hex');
  }

  tail(): string[] {
    return this.keepsAll ? [...this.#tail] : this.#tail.slice(-tailLines);
  }

  #flush(): void {
    this.#hash.update(this.#unhashed);
    this.#unhashed = '';
  }

  #keep(line: string): void {
    this.#tail.push(line);
    if (!this.keepsAll && this.#tail.length > 2 * tailLines) this.#tail.splice(0, tailLines);
  }

  #time(): string {
    return (this.#nowMs() / 1000).toFixed(4).padStart(9);
  }
}
