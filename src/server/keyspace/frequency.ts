/**
 * How often keys are used, for the LFU policies: a counter that grows ever more slowly and decays
 * while a key is idle. Under these policies an entry's 24 bits hold it in place of the time of the
 * last use; the Dict passes them in and stores what comes back. [evict.c, 7.0]
 *
 *     minutes of the Unix time, 16 bits | counter, 8 bits
 */
import type { Random } from '../../util/random.ts';

/** Where new keys begin, so that they have time to be used before they are the first to go. */
const initialCount = 5;
const maxCount = 255;
const minutesMask = 0xffff;

export class FrequencyCounter {
  /** lfu-log-factor: a use counts once in so many times the counter. */
  logFactor = 10;
  /** lfu-decay-time: the counter falls by one in so many minutes, 0 for never. */
  decayMinutes = 1;
  #nowMinutes = 0;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  setTime(unixSeconds: number): void {
    this.#nowMinutes = Math.floor(unixSeconds / 60) & minutesMask;
  }

  /** The bits of a new entry. */
  get fresh(): number {
    return this.withCount(initialCount);
  }

  /** The bits of an entry that has this counter now. */
  withCount(count: number): number {
    return (this.#nowMinutes << 8) | count;
  }

  /** The bits after one more use. */
  used(bits: number): number {
    const count = this.countOf(bits);
    const share = 1 / (Math.max(0, count - initialCount) * this.logFactor + 1);
    const grows = count < maxCount && this.#random.float() < share;
    return this.withCount(grows ? count + 1 : count);
  }

  /** The counter as it stands now. */
  countOf(bits: number): number {
    const count = bits & 0xff;
    if (this.decayMinutes === 0) return count;
    const idleMinutes = (this.#nowMinutes - (bits >>> 8)) & minutesMask;
    return Math.max(0, count - Math.floor(idleMinutes / this.decayMinutes));
  }
}
