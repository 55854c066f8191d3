/**
 * The simulator in the suite: seeds that are always the same, a few that never are (a failure
 * prints its seed), and the promise that a seed replays exactly.
 */
import { describe, expect, it } from 'vitest';
import { printFailure } from './report.ts';
import { scenarioOf, simulate } from './simulate.ts';

const fixedSeeds = 40;
const seedsPerTest = 8;
const randomSeeds = 4;
/** A seed takes about a fifth of a second; a busy machine may take ten times as long. */
const testTimeoutMs = 60_000;

describe(
  'a cluster in virtual time comes to rest with equal data',
  { timeout: testTimeoutMs },
  () => {
    for (let first = 1; first <= fixedSeeds; first += seedsPerTest) {
      it(`seeds ${first} to ${first + seedsPerTest - 1}`, async () => {
        for (let seed = first; seed < first + seedsPerTest; seed++) await expectToHold(seed);
      });
    }

    const random = Math.floor(Math.random() * 1_000_000_000);
    it(`random seeds ${random} to ${random + randomSeeds - 1}`, async () => {
      for (let seed = random; seed < random + randomSeeds; seed++) await expectToHold(seed);
    });
  },
);

describe('a seed', { timeout: testTimeoutMs }, () => {
  it.for([3, 11, 17])('%i replays exactly', async (seed) => {
    const [once, again] = [await simulate(seed), await simulate(seed)];
    expect(again.events).toBe(once.events);
    expect(again.hash).toBe(once.hash);
    expect((await simulate(seed + 1)).hash).not.toBe(once.hash);
  });

  it('replays exactly when its snapshots go through real files', async () => {
    let seed = 1;
    while (!scenarioOf(seed).usesDisk) seed++;
    const [once, again] = [await simulate(seed), await simulate(seed)];
    expect(again.hash).toBe(once.hash);
  });
});

async function expectToHold(seed: number): Promise<void> {
  const result = await simulate(seed);
  if (result.failure !== undefined)
    throw new Error(printFailure(result), { cause: result.failure });
}
