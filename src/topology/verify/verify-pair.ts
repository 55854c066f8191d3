/**
 * Compares all that two nodes hold: a scan of every database finds keys that look different
 * (scan.ts), rounds of judging decide (judge.ts). Called by `repl verify` for one pair after the
 * other. It only reads, and it never rejects for what servers do: that is part of the result.
 */
import type { BulkInstance } from '../../instance/connection.ts';
import type { Failure, Outcome } from '../../instance/failure.ts';
import type { Clock } from '../../util/clock.ts';
import { factsOf, type TopologyNode } from '../model.ts';
import { Judge } from './judge.ts';
import { askAbilities, type NodeAbilities } from './node-abilities.ts';
import { NodeFailed, NodeReader, type ReadOptions } from './node-reader.ts';
import type { VerifyPair } from './pairs.ts';
import { Pacer, scanDatabase, type ScanPlace } from './scan.ts';
import { Suspects, type KeyName, type KnownVerdicts } from './suspects.ts';

export interface VerifyOptions {
  readonly clock: Clock;
  readonly connect: (node: TopologyNode) => Promise<Outcome<BulkInstance>>;
  /** At most so many keys a second are asked of the master; undefined: as fast as it answers. */
  readonly keysPerSecond: number | undefined;
  readonly ttlToleranceMs: number;
  /** How long a node may take to come to the offset of the other. */
  readonly waitMs: number;
  /** After so many differences nobody wants to know more. */
  readonly differencesLimit: number;
  /** `elements` never asks for DEBUG DIGEST-VALUE. */
  readonly compareBy: 'auto' | 'elements';
  readonly resumeFrom: VerifyCheckpoint | undefined;
  readonly onProgress: (progress: VerifyProgress) => void;
  /** Called now and then with what a later run needs to go on from here. */
  readonly onCheckpoint: (checkpoint: VerifyCheckpoint) => void;
  /** Ends the comparison early, at the next page. */
  readonly signal: AbortSignal;
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

type End = 'master' | 'replica';

interface OpenedNodes {
  readonly scanners: Record<End, NodeReader>;
  readonly judge: Judge;
  readonly byDigest: boolean;
}

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
      this.#opened = await this.#open();
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
    const byDigest = this.#opened?.byDigest;
    return {
      pair: this.#pair,
      masterKeys: this.#keys.master,
      replicaKeys: this.#keys.replica,
      differences: this.#suspects?.differences ?? [],
      unsettled: this.#suspects?.unsettled ?? [],
      uncomparedTypes: [...new Set(uncompared)].toSorted(),
      comparedBy: byDigest === undefined ? undefined : byDigest ? 'digest' : 'elements',
      end,
      elapsedMs: this.#options.clock.monotonic() - this.#startedMs,
    };
  }

  /** Two connections to each node: one that scans, and one that judges under WATCH. */
  async #open(): Promise<OpenedNodes> {
    const [master, replica, masterJudge, replicaJudge] = await Promise.all([
      this.#connect('master'),
      this.#connect('replica'),
      this.#connect('master'),
      this.#connect('replica'),
    ]);
    const [ours, theirs] = await Promise.all([
      this.#abilitiesOf('master', master),
      this.#abilitiesOf('replica', replica),
    ]);
    const { compareBy } = this.#options;
    const byDigest = compareBy === 'auto' && ours.digest && theirs.digest;
    const byElements: ReadOptions = {
      digestTypes: [],
      byDump: isOneVersion(this.#pair),
      fieldsExpire: ours.hpexpiretime && theirs.hpexpiretime,
    };
    const digestTypes = byDigest ? digestTypesOf(this.#pair) : [];
    const reader = (end: End, instance: BulkInstance, options: ReadOptions): NodeReader =>
      new NodeReader(end, instance, { abilities: end === 'master' ? ours : theirs, options });
    // Elements can always be compared, and in pieces: they are what a difference is judged by.
    const judge = new Judge(
      {
        master: reader('master', masterJudge, byElements),
        replica: reader('replica', replicaJudge, byElements),
      },
      {
        ...this.#options,
        hasFence: this.#pair.hasFence,
        canWatch: ours.watch && theirs.watch,
        clockSkewMs: Math.abs(ours.clockSkewMs - theirs.clockSkewMs),
      },
    );
    const scanning = { ...byElements, digestTypes };
    const scanners = {
      master: reader('master', master, scanning),
      replica: reader('replica', replica, scanning),
    };
    return { scanners, judge, byDigest };
  }

  async #connect(end: End): Promise<BulkInstance> {
    const connected = await this.#options.connect(this.#pair[end]);
    if (connected.kind === 'failed') throw new NodeFailed(end, connected.failure);
    this.#instances.push(connected.value);
    return connected.value;
  }

  async #abilitiesOf(end: End, instance: BulkInstance): Promise<NodeAbilities> {
    const abilities = await askAbilities(instance, () => this.#options.clock.now());
    if (abilities.kind === 'failed') throw new NodeFailed(end, abilities.failure);
    return abilities.value;
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

/** Scores go into the digest as text, which versions print in different ways. */
function digestTypesOf(pair: VerifyPair): string[] {
  // A digest of a stream leaves out its groups.
  return ['string', 'list', 'set', 'hash', ...(isOneVersion(pair) ? ['zset'] : [])];
}

function isOneVersion({ master, replica }: VerifyPair): boolean {
  const [ours, theirs] = [factsOf(master), factsOf(replica)];
  return ours?.product === theirs?.product && ours?.version === theirs?.version;
}
