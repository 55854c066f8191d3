/**
 * The first look at a database: every key of the master is read on both nodes, every key of the
 * replica is looked for on the master. Both walks go on at the same time, some pages ahead. What
 * differs is only suspicious: judge.ts decides. SCAN shows each key that is there all the time.
 */
import { type Clock, pause } from '../../util/clock.ts';
import { compareStates } from './key-state.ts';
import type { NodeReader } from './node-reader.ts';

/** How far both walks of one database are; `0` at the start, undefined behind the end. */
export interface ScanPlace {
  masterCursor: string | undefined;
  replicaCursor: string | undefined;
}

export interface ScanOptions {
  readonly master: NodeReader;
  readonly replica: NodeReader;
  readonly ttlToleranceMs: number;
  readonly pacer: Pacer;
  /** Keys in a page, about: it is a hint that servers take. */
  readonly pageKeys: number;
  /** Keys that look different. It may take its time: the walks wait for it. */
  readonly onSuspects: (keys: readonly string[]) => Promise<void>;
  /** So many keys more have been looked at, and the place has moved. */
  readonly onPage: (end: 'master' | 'replica', keys: number) => void;
  readonly isStopped: () => boolean;
}

/** Pages of one walk that are under way at the same time, so that no end waits for the other. */
const pagesAhead = 3;

/** Goes on from `place`, and moves it as pages are done. Throws NodeFailed. */
export async function scanDatabase(place: ScanPlace, options: ScanOptions): Promise<void> {
  const walks = [
    walk(options, options.master, {
      cursor: place.masterCursor,
      look: (keys) => differingKeys(keys, options),
      onPlace: (cursor) => void (place.masterCursor = cursor),
    }),
    walk(options, options.replica, {
      cursor: place.replicaCursor,
      look: (keys) => options.master.absent(keys),
      onPlace: (cursor) => void (place.replicaCursor = cursor),
    }),
  ];
  const results = await Promise.allSettled(walks);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function differingKeys(
  keys: readonly string[],
  { master, replica, ttlToleranceMs }: ScanOptions,
): Promise<string[]> {
  const [ours, theirs] = await Promise.all([master.read(keys), replica.read(keys)]);
  return keys.filter(
    (_, at) => compareStates(ours[at], theirs[at], { ttlToleranceMs }) !== undefined,
  );
}

interface WalkOptions {
  readonly cursor: string | undefined;
  readonly look: (keys: readonly string[]) => Promise<string[]>;
  /** Everything before this cursor has been looked at. */
  readonly onPlace: (cursor: string | undefined) => void;
}

interface PageUnderWay {
  readonly next: string;
  readonly keys: number;
  readonly suspects: Promise<string[]>;
}

async function walk(scan: ScanOptions, node: NodeReader, own: WalkOptions): Promise<void> {
  const underWay: PageUnderWay[] = [];
  let cursor = own.cursor;
  const finishOne = async (): Promise<void> => {
    const page = underWay.shift() as PageUnderWay;
    const suspects = await page.suspects;
    if (suspects.length > 0) await scan.onSuspects(suspects);
    own.onPlace(page.next === '0' ? undefined : page.next);
    scan.onPage(node.end, page.keys);
  };
  try {
    while (cursor !== undefined && !scan.isStopped()) {
      const page = await node.scan(cursor, scan.pageKeys);
      cursor = page.cursor === '0' ? undefined : page.cursor;
      await scan.pacer.pass(page.keys.length);
      const suspects = own.look(page.keys);
      suspects.catch(() => {}); // Whoever takes the page hears of it.
      underWay.push({ next: page.cursor, keys: page.keys.length, suspects });
      if (underWay.length >= pagesAhead) await finishOne();
    }
    while (underWay.length > 0) await finishOne();
  } finally {
    await Promise.allSettled(underWay.map(({ suspects }) => suspects));
  }
}

/** Lets so many keys a second pass; all of them without a rate. */
export class Pacer {
  readonly #clock: Clock;
  readonly #keysPerSecond: number | undefined;
  /** When all that has passed is paid for. */
  #paidMs: number;

  constructor(clock: Clock, keysPerSecond: number | undefined) {
    this.#clock = clock;
    this.#keysPerSecond = keysPerSecond;
    this.#paidMs = clock.monotonic();
  }

  async pass(keys: number): Promise<void> {
    if (this.#keysPerSecond === undefined) return;
    const nowMs = this.#clock.monotonic();
    this.#paidMs = Math.max(this.#paidMs, nowMs) + (1000 * keys) / this.#keysPerSecond;
    const waitMs = this.#paidMs - nowMs;
    await pause(this.#clock, waitMs);
  }
}
