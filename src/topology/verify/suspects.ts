/**
 * Keys that looked different, until it is known whether they are: rounds of judging, with ever fewer
 * keys at a time for those that are touched again and again. Used by verify-pair.ts; pure but for
 * the judge that it is given.
 */
import type { Clock } from '../../util/clock.ts';
import type { Judge, Verdict } from './judge.ts';
import type { DifferenceKind, KeyState } from './key-state.ts';

/** Names hold one byte per character. */
export interface KeyName {
  readonly db: number;
  readonly key: string;
}

export interface Difference extends KeyName {
  readonly difference: DifferenceKind;
  readonly masterType: string;
  readonly replicaType: string;
  /** Unix milliseconds; null for a key that does not expire, and for none. */
  readonly masterExpireAtMs: number | null;
  readonly replicaExpireAtMs: number | null;
}

/** What an earlier run has decided. */
export interface KnownVerdicts {
  readonly differences: readonly Difference[];
  /** Keys that changed whenever they were looked at, or that cannot be compared. */
  readonly unsettled: readonly KeyName[];
}

interface Suspect extends KeyName {
  /** How often it was touched while it was judged. */
  rounds: number;
  /** It expires about then: not judged before. Unix milliseconds. */
  notBeforeMs: number;
}

/** Keys judged together, by the round: what is touched must not keep others from a verdict. */
const keysByRound = [512, 64, 8, 1];

/** A key that was touched in so many rounds, the last ones alone, is followed instead. */
const roundsLimit = 8;

/** Longer than this nobody waits for a key to expire. */
const longestExpiryWaitMs = 10_000;

export class Suspects {
  readonly differences: Difference[];
  readonly unsettled: KeyName[];
  readonly #judge: Pick<Judge, 'judge' | 'follow'>;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #suspects = new Map<string, Suspect>();
  #settling: Promise<void> | undefined;

  constructor(
    judge: Pick<Judge, 'judge' | 'follow'>,
    options: { clock: Clock; signal: AbortSignal; resumeFrom?: KnownVerdicts | undefined },
  ) {
    this.differences = [...(options.resumeFrom?.differences ?? [])];
    this.unsettled = [...(options.resumeFrom?.unsettled ?? [])];
    this.#judge = judge;
    this.#clock = options.clock;
    this.#signal = options.signal;
  }

  get size(): number {
    return this.#suspects.size;
  }

  open(): KeyName[] {
    return [...this.#suspects.values()].map(({ db, key }) => ({ db, key }));
  }

  add(db: number, keys: readonly string[]): void {
    for (const key of keys) {
      const id = `${db} ${key}`;
      // A page may show a key twice, and both walks may meet it.
      if (this.#suspects.has(id)) continue;
      this.#suspects.set(id, { db, key, rounds: 0, notBeforeMs: 0 });
    }
  }

  /** Judges until nothing is open. Two callers share one run; stopped, it leaves the rest open. */
  settle(): Promise<void> {
    this.#settling ??= this.#run().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  async #run(): Promise<void> {
    while (this.#suspects.size > 0 && !this.#signal.aborted) {
      const due = this.#due();
      if (due.length === 0) await this.#waitForExpiry();
      else if (due[0].rounds >= roundsLimit) await this.#follow(due[0]);
      else await this.#judgeTogether(due);
    }
  }

  /** The next ones to be judged together: of one database and one round, the earliest round first. */
  #due(): Suspect[] {
    const nowMs = this.#clock.now();
    const ready = [...this.#suspects.values()].filter(({ notBeforeMs }) => notBeforeMs <= nowMs);
    const rounds = Math.min(...ready.map((suspect) => suspect.rounds));
    const first = ready.find((suspect) => suspect.rounds === rounds);
    const limit = keysByRound[Math.min(rounds, keysByRound.length - 1)];
    return ready
      .filter((suspect) => suspect.rounds === rounds && suspect.db === first?.db)
      .slice(0, limit);
  }

  async #judgeTogether(due: readonly Suspect[]): Promise<void> {
    const verdicts = await this.#judge.judge(
      due[0].db,
      due.map(({ key }) => key),
    );
    due.forEach((suspect, at) => this.#take(suspect, verdicts[at]));
  }

  #take(suspect: Suspect, verdict: Verdict): void {
    if (verdict.kind === 'open') {
      suspect.rounds++;
      suspect.notBeforeMs = verdict.expiresAtMs ?? 0;
      return;
    }
    this.#remove(suspect);
    if (verdict.kind === 'unsettled') this.unsettled.push({ db: suspect.db, key: suspect.key });
    if (verdict.kind === 'different') this.differences.push(toDifference(suspect, verdict));
  }

  async #follow(suspect: Suspect): Promise<void> {
    const isInStep = await this.#judge.follow(suspect.db, suspect.key);
    this.#remove(suspect);
    if (!isInStep) this.unsettled.push({ db: suspect.db, key: suspect.key });
  }

  async #waitForExpiry(): Promise<void> {
    const times = [...this.#suspects.values()].map(({ notBeforeMs }) => notBeforeMs);
    const waitMs = Math.min(...times) - this.#clock.now();
    await new Promise<void>((resolve) => {
      this.#clock.schedule(Math.max(1, Math.min(waitMs, longestExpiryWaitMs)), resolve);
    });
  }

  #remove({ db, key }: KeyName): void {
    this.#suspects.delete(`${db} ${key}`);
  }
}

function toDifference(
  { db, key }: KeyName,
  verdict: { difference: DifferenceKind; master: KeyState; replica: KeyState },
): Difference {
  const { difference, master, replica } = verdict;
  return {
    db,
    key,
    difference,
    masterType: master.type,
    replicaType: replica.type,
    masterExpireAtMs: master.expireAtMs ?? null,
    replicaExpireAtMs: replica.expireAtMs ?? null,
  };
}
