/**
 * How often one command took how long: a histogram with 128 buckets for each doubling, so that a
 * percentile read from it is off by less than 1 %. It is an HdrHistogram with two significant
 * digits, as in Redis, because INFO latencystats and LATENCY HISTOGRAM show its bucket limits.
 *
 *     nanoseconds   0 … 255   256 … 511   512 … 1023   …   2^29 … 10^9
 *     bucket width  1         2           4            …   2^22
 */
const maxNs = 1e9;
/** Buckets up to `maxNs`. */
const bucketCount = 3072;
const exactNs = 256;
/** LATENCY HISTOGRAM shows one line for each doubling from here on. */
const firstLevelNs = 1024;

/** One line of LATENCY HISTOGRAM: so many executions took at most so long. */
export interface LatencyLevel {
  readonly maxUsec: number;
  readonly count: number;
}

export class LatencyHistogram {
  /** Doubles, because 2^32 executions are an hour's work. */
  readonly #counts = new Float64Array(bucketCount);
  #total = 0;
  #highestBucket = 0;

  get total(): number {
    return this.#total;
  }

  /** `count` executions took `ns` each; Redis counts at least 1 ns and at most a second. */
  record(ns: number, count: number): void {
    const bucket = bucketOf(Math.min(maxNs, Math.max(1, Math.round(ns))));
    this.#counts[bucket] += count;
    this.#total += count;
    if (bucket > this.#highestBucket) this.#highestBucket = bucket;
  }

  /** Microseconds within which that share of all executions stayed; 0 gives the shortest. */
  percentileUsec(percent: number): number {
    const wanted = Math.max(1, Math.floor((percent / 100) * this.#total + 0.5));
    let seen = 0;
    for (let bucket = 0; bucket <= this.#highestBucket; bucket++) {
      seen += this.#counts[bucket];
      if (seen >= wanted) return (percent === 0 ? lowestOf(bucket) : highestOf(bucket)) / 1000;
    }
    return 0;
  }

  /** Cumulative, a line for each doubling in which something was counted. */
  levels(): LatencyLevel[] {
    const levels: LatencyLevel[] = [];
    let bucket = 0;
    let count = 0;
    for (let levelNs = firstLevelNs; count < this.#total; levelNs *= 2) {
      const last = Math.min(bucketCount - 1, bucketOf(levelNs));
      const before = count;
      while (bucket <= last) count += this.#counts[bucket++];
      if (count > before) levels.push({ maxUsec: Math.floor(highestOf(last) / 1000), count });
    }
    return levels;
  }
}

function bucketOf(ns: number): number {
  if (ns < exactNs) return ns;
  const doublings = 24 - Math.clz32(ns);
  return doublings * 128 + (ns >>> doublings);
}

function lowestOf(bucket: number): number {
  if (bucket < exactNs) return bucket;
  return ((bucket & 127) + 128) * 2 ** ((bucket >>> 7) - 1);
}

function highestOf(bucket: number): number {
  return lowestOf(bucket + 1) - 1;
}
