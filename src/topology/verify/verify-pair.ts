/**
 * Compares all that two nodes hold: a scan of every database finds keys that look different
 * (scan.ts), rounds of judging decide (judge.ts). Called by `repl verify` for one pair after the
 * other. It only reads, and it never rejects for what servers do: that is part of the result.
 */
import type { BulkInstance } from '../../instance/connection.ts';
import type { Failure } from '../../instance/failure.ts';
import type { TopologyNode } from '../model.ts';
import { NodeFailed, type NodeReader } from './node-reader.ts';
import { openNodes, type End, type OpenedNodes, type OpenOptions } from './open-nodes.ts';
import type { VerifyPair } from './pairs.ts';
import { Pacer, scanDatabase, type ScanPlace } from './scan.ts';
import { Suspects, type KeyName, type KnownVerdicts } from './suspects.ts';

export interface VerifyOptions extends OpenOptions {
  /** At most so many keys a second are asked of the master; undefined: as fast as it answers. */
  readonly keysPerSecond: number | undefined;
  /** After so many differences nobody wants to know more. */
  readonly differencesLimit: number;
  readonly resumeFrom: VerifyCheckpoint | undefined;
  readonly onProgress: (progress: VerifyProgress) => void;
  /** Called now and then with what a later run needs to go on from here. */
  readonly onCheckpoint: (checkpoint: VerifyCheckpoint) => void;
}

export interface VerifyProgress {
  readonly db: number;
  /** Of both nodes together: keys looked at, and keys there are. */
  readonly doneKeys: number;
  readonly totalKeys: number;
  readonly suspects: number;
  readonly differences: number;
}

/** Where a comparison stands; plain data, no values in it. Valid for these lives of these nodes. */
export interface VerifyCheckpoint extends KnownVerdicts {
  readonly masterId: string;
  readonly replicaId: string;
  readonly doneDbs: readonly number[];
  readonly db: number | undefined;
  /** Null behind the end. */
  readonly masterCursor: string | null;
  readonly replicaCursor: string | null;
  readonly masterKeys: number;
  readonly replicaKeys: number;
  readonly suspects: readonly KeyName[];
}

export interface PairResult extends KnownVerdicts {
  readonly pair: VerifyPair;
  /** Keys that were looked at on each side. */
  readonly masterKeys: number;
  readonly replicaKeys: number;
  /** Types that we cannot read and the nodes would not print alike. */
  readonly uncomparedTypes: readonly string[];
  readonly comparedBy: 'digest' | 'elements' | undefined;
  readonly end: PairEnd;
  readonly elapsedMs: number;
}

export type PairEnd =
  | { readonly kind: 'complete' }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly node: TopologyNode; readonly failure: Failure };

export async function verifyPair(pair: VerifyPair, options: VerifyOptions): Promise<PairResult> {
  const run = new PairRun(pair, options);
  return run.run();
}

/** Keys in a page, about: one page is a few milliseconds of a server's time. */
const largestPage = 400;

/** Between two checkpoints. */
const checkpointPeriodMs = 1000;

/** Suspicious keys that are gathered before the scan stops and they are judged. */
const suspectsLimit = 2000;

class PairRun {
  readonly #pair: VerifyPair;
  readonly #options: VerifyOptions;
  readonly #startedMs: number;
  readonly #instances: BulkInstance[] = [];
  readonly #keys: Record<End, number>;
  readonly #doneDbs: number[];
  #suspects: Suspects | undefined;
  #opened: OpenedNodes | undefined;
  #db: number | undefined;
  #place: ScanPlace = { masterCursor: '0', replicaCursor: '0' };
  #totalKeys = 0;
  #checkpointMs: number;

  constructor(pair: VerifyPair, options: VerifyOptions) {
    this.#pair = pair;
    this.#options = options;
    this.#startedMs = options.clock.monotonic();
    this.#checkpointMs = this.#startedMs;
    const { resumeFrom } = options;
    this.#keys = { master: resumeFrom?.masterKeys ?? 0, replica: resumeFrom?.replicaKeys ?? 0 };
    this.#doneDbs = [...(resumeFrom?.doneDbs ?? [])];
  }

  async run(): Promise<PairResult> {
    try {
      this.#opened = await openNodes(this.#pair, this.#options, this.#instances);
      this.#suspects = new Suspects(this.#opened.judge, this.#options);
      await this.#compareAll(this.#opened, this.#suspects);
      return this.#result(this.#whyItEnded(this.#suspects));
    } catch (error) {
      if (!(error instanceof NodeFailed)) throw error;
      if (this.#options.signal.aborted) return this.#result({ kind: 'stopped' });
      return this.#result({ kind: 'failed', node: this.#pair[error.end], failure: error.failure });
    } finally {
      this.#checkpoint();
      for (const instance of this.#instances) instance.close();
    }
  }

  async #compareAll({ scanners }: OpenedNodes, suspects: Suspects): Promise<void> {
    const { master, replica } = scanners;
    const [ours, theirs] = await Promise.all([keysPerDb(master), keysPerDb(replica)]);
    const counts = [...ours.values(), ...theirs.values()];
    this.#totalKeys = counts.reduce((sum, count) => sum + count, 0);
    const dbs = [...new Set([...ours.keys(), ...theirs.keys()])].toSorted((a, b) => a - b);
    const pacer = new Pacer(this.#options.clock, this.#options.keysPerSecond);
    for (const db of dbs) {
      if (this.#doneDbs.includes(db) || this.#isStopped()) continue;
      this.#enter(db, suspects);
      await Promise.all([master.select(db), replica.select(db)]);
      await scanDatabase(this.#place, {
        ...scanners,
        ttlToleranceMs: this.#options.ttlToleranceMs,
        pacer,
        pageKeys: pageKeysAt(this.#options.keysPerSecond),
        isStopped: () => this.#isStopped(),
        onSuspects: async (keys) => {
          suspects.add(db, keys);
          if (suspects.size >= suspectsLimit) await suspects.settle();
        },
        onPage: (end, keys) => this.#onPage(end, keys, suspects),
      });
      if (this.#options.signal.aborted) return;
      await suspects.settle();
      this.#doneDbs.push(db);
      this.#db = undefined;
    }
  }

  /** At the start of a database, or where an earlier run left it. */
  #enter(db: number, suspects: Suspects): void {
    const { resumeFrom } = this.#options;
    this.#db = db;
    this.#place = { masterCursor: '0', replicaCursor: '0' };
    if (resumeFrom === undefined || resumeFrom.db !== db) return;
    this.#place = {
      masterCursor: resumeFrom.masterCursor ?? undefined,
      replicaCursor: resumeFrom.replicaCursor ?? undefined,
    };
    for (const { db: suspectDb, key } of resumeFrom.suspects) suspects.add(suspectDb, [key]);
  }

  #onPage(end: End, keys: number, suspects: Suspects): void {
    this.#keys[end] += keys;
    this.#options.onProgress({
      db: this.#db ?? 0,
      doneKeys: this.#keys.master + this.#keys.replica,
      totalKeys: this.#totalKeys,
      suspects: suspects.size,
      differences: suspects.differences.length,
    });
    const nowMs = this.#options.clock.monotonic();
    if (nowMs - this.#checkpointMs < checkpointPeriodMs) return;
    this.#checkpointMs = nowMs;
    this.#checkpoint();
  }

  #checkpoint(): void {
    const suspects = this.#suspects;
    if (suspects === undefined) return;
    this.#options.onCheckpoint({
      masterId: this.#pair.master.id,
      replicaId: this.#pair.replica.id,
      doneDbs: [...this.#doneDbs],
      db: this.#db,
      masterCursor: this.#place.masterCursor ?? null,
      replicaCursor: this.#place.replicaCursor ?? null,
      masterKeys: this.#keys.master,
      replicaKeys: this.#keys.replica,
      suspects: suspects.open(),
      differences: [...suspects.differences],
      unsettled: [...suspects.unsettled],
    });
  }

  #isStopped(): boolean {
    const found = this.#suspects?.differences.length ?? 0;
    return this.#options.signal.aborted || found >= this.#options.differencesLimit;
  }

  #whyItEnded(suspects: Suspects): PairEnd {
    if (this.#options.signal.aborted) return { kind: 'stopped' };
    const isTooMany = suspects.differences.length >= this.#options.differencesLimit;
    return { kind: isTooMany ? 'too-many' : 'complete' };
  }

  #result(end: PairEnd): PairResult {
    const scanners = this.#opened?.scanners;
    const uncompared = [scanners?.master, scanners?.replica].flatMap((reader) => [
      ...(reader?.uncomparedTypes ?? []),
    ]);
    return {
      pair: this.#pair,
      masterKeys: this.#keys.master,
      replicaKeys: this.#keys.replica,
      differences: this.#suspects?.differences ?? [],
      unsettled: this.#suspects?.unsettled ?? [],
      uncomparedTypes: [...new Set(uncompared)].toSorted(),
      comparedBy: this.#opened?.comparedBy,
      end,
      elapsedMs: this.#options.clock.monotonic() - this.#startedMs,
    };
  }
}

/** A slow walk takes small steps: it stops, and tells how far it is, within a second. */
function pageKeysAt(keysPerSecond: number | undefined): number {
  return Math.max(1, Math.min(largestPage, Math.floor((keysPerSecond ?? Infinity) / 4)));
}

/** `db0:keys=3,…` → 0 → 3. */
async function keysPerDb(node: NodeReader): Promise<Map<number, number>> {
  const { fields } = await node.info('keyspace');
  const counts = new Map<number, number>();
  for (const [name, value] of fields) {
    const db = /^db(\d+)$/.exec(name)?.[1];
    const keys = /(?:^|,)keys=(\d+)/.exec(value)?.[1];
    if (db !== undefined && keys !== undefined) counts.set(Number(db), Number(keys));
  }
  return counts;
}
