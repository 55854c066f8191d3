/**
 * Where a node was in its history, and when: its own offset, sampled over time. From it follows
 * when the node went past an offset, which is how the lag of its replicas is told without writing
 * (lag.ts). No I/O, no clock.
 *
 *     offset  ┤              ┌──── the node itself, between two samples unknown
 *     wanted ─┤- - - - - ×───┘     × passed here: on the line between the samples around it
 *             └──┬───────┬───→ time
 *              sample  sample
 */

export interface OffsetSample {
  /** On a clock that does not go back: halfway between the question and its answer. */
  readonly atMs: number;
  /** The offset was read within so much of `atMs`: half of the round trip. */
  readonly errorMs: number;
  readonly offset: number;
}

/** When a node went past an offset, as far as its samples tell. */
export type Passing =
  /** The newest sample has not passed it: nothing beyond it was there before `sinceMs`. */
  | { readonly kind: 'not-yet'; readonly sinceMs: number }
  | { readonly kind: 'passed'; readonly atMs: number; readonly errorMs: number }
  /** Before the first sample, and so before `untilMs`. */
  | { readonly kind: 'earlier'; readonly untilMs: number }
  | { readonly kind: 'no-samples' };

/** Twenty minutes of samples at fifty a second under steady writes. More are thinned out. */
const samplesLimit = 60_000;

export class OffsetTrack {
  /** Times and offsets never fall. Of samples with one offset only the first and the last stay. */
  readonly #samples: OffsetSample[] = [];

  get size(): number {
    return this.#samples.length;
  }

  get last(): OffsetSample | undefined {
    return this.#samples.at(-1);
  }

  /** An offset that went back means another history: the track begins anew. */
  add(sample: OffsetSample): void {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (last !== undefined && sample.atMs < last.atMs) return;
    if (last !== undefined && sample.offset < last.offset) samples.length = 0;
    const standsStill = samples.at(-2)?.offset === sample.offset;
    if (standsStill && last?.offset === sample.offset) samples.pop();
    samples.push(sample);
    if (samples.length > samplesLimit) this.#thinOlderHalf();
  }

  /** Forgets everything: what comes next belongs to another history. */
  clear(): void {
    this.#samples.length = 0;
  }

  passed(offset: number): Passing {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (last === undefined) return { kind: 'no-samples' };
    if (last.offset <= offset) return { kind: 'not-yet', sinceMs: last.atMs - last.errorMs };
    const next = firstWhere(samples, (sample) => sample.offset > offset);
    if (next === 0) return { kind: 'earlier', untilMs: samples[0].atMs + samples[0].errorMs };
    return between(samples[next - 1], samples[next], offset);
  }

  /** Where the node was at a time, on the line between the samples around it; undefined: none. */
  offsetAt(atMs: number): number | undefined {
    const samples = this.#samples;
    const next = firstWhere(samples, (sample) => sample.atMs > atMs);
    if (next === 0 || next === samples.length) return (samples[next] ?? samples.at(-1))?.offset;
    const [before, after] = [samples[next - 1], samples[next]];
    const share = (atMs - before.atMs) / (after.atMs - before.atMs);
    return Math.round(before.offset + share * (after.offset - before.offset));
  }

  /** What is long ago is told less finely. The first sample stays: how far back we know. */
  #thinOlderHalf(): void {
    const half = this.#samples.length >> 1;
    const kept = this.#samples.filter((_, at) => at >= half || at % 2 === 0);
    this.#samples.splice(0, this.#samples.length, ...kept);
  }
}

/** The index of the first sample that fits; those behind it fit, too. Their count where none does. */
function firstWhere(
  samples: readonly OffsetSample[],
  fits: (sample: OffsetSample) => boolean,
): number {
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(samples[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** `before.offset <= offset < after.offset`: the passing lies between the two. */
function between(before: OffsetSample, after: OffsetSample, offset: number): Passing {
  const share = (offset - before.offset) / (after.offset - before.offset);
  // From an offset at which it stood it may have gone on at any time: halfway errs the least.
  const place = share === 0 ? 0.5 : share;
  const atMs = before.atMs + place * (after.atMs - before.atMs);
  const earliestMs = before.atMs - before.errorMs;
  const latestMs = after.atMs + after.errorMs;
  return { kind: 'passed', atMs, errorMs: Math.max(atMs - earliestMs, latestMs - atMs) };
}
