/** Runs a comparison of two live servers, for tests and the bench. */
import { connectInBulk } from '../../../src/instance/connection.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { choosePairs } from '../../../src/topology/verify/pairs.ts';
import {
  verifyPair,
  type PairResult,
  type VerifyOptions,
} from '../../../src/topology/verify/verify-pair.ts';
import type { TestServer } from '../../support/server-process.ts';
import { look } from '../live.ts';
import type { Expected } from './seeded-data.ts';

export async function compareServers(
  master: TestServer,
  replica: TestServer,
  more: Partial<VerifyOptions> = {},
): Promise<PairResult> {
  const words = [master, replica].map(({ port }) => `127.0.0.1:${port}`);
  const seen = await look(replica, { words });
  const { pairs, refused } = choosePairs(seen.topology, words.map(seen.find));
  if (refused.length > 0) throw new Error(refused[0].because);
  return verifyPair(pairs[0], {
    clock: systemClock,
    connect: ({ address }) => connectInBulk({ ...address, timeoutMs: 10_000 }),
    keysPerSecond: undefined,
    ttlToleranceMs: 1000,
    waitMs: 10_000,
    differencesLimit: 10_000,
    compareBy: 'auto',
    resumeFrom: undefined,
    onProgress: () => {},
    onCheckpoint: () => {},
    signal: new AbortController().signal,
    ...more,
  });
}

export function foundBy({ differences }: PairResult): Expected {
  return new Map(differences.map(({ db, key, difference }) => [`${db} ${key}`, difference]));
}

export function sortedLines(expected: Expected): string[] {
  return [...expected].map(([key, kind]) => `${key}: ${kind}`).toSorted();
}
