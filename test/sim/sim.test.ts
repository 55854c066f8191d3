/**
 * The simulator in the suite: seeds that are always the same, some that never are (a failure prints
 * its seed), the promise that a seed replays exactly, and a few planted bugs that must be found.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleSim, misfits, type SimBundle, type Simulator } from './bundle.ts';
import { mutants } from './mutants.ts';
import { runPool } from './pool.ts';

const fixedSeeds = 60;
const seedsPerTest = 20;
const randomSeeds = 20;
const onceFailed = [308, 441, 970, 994, 2209, 10_193, 12_036];
/** Each shows in most of the runs. */
const plantedHere = ['psync-second-offset', 'cursor-skips', 'snapshot-lost-write'];
const maxSeedsPerMutant = 200;
/** A seed takes some hundredths of a second; a busy machine may take twenty times as long. */
const testTimeoutMs = 120_000;

let bundle: SimBundle;
let sim: Simulator;

beforeAll(async () => {
  bundle = await bundleSim();
  sim = await bundle.load();
});

afterAll(() => bundle.remove());

describe(
  'a cluster in virtual time comes to rest with equal data',
  { timeout: testTimeoutMs },
  () => {
    for (let first = 1; first <= fixedSeeds; first += seedsPerTest) {
      it(`seeds ${first} to ${first + seedsPerTest - 1}`, async () => {
        for (let seed = first; seed < first + seedsPerTest; seed++) await expectToHold(seed);
      });
    }

    it('seeds that have failed once', async () => {
      for (const seed of onceFailed) await expectToHold(seed);
    });

    const random = Math.floor(Math.random() * 1_000_000_000);
    it(`random seeds ${random} to ${random + randomSeeds - 1}`, async () => {
      for (let seed = random; seed < random + randomSeeds; seed++) await expectToHold(seed);
    });
  },
);

describe('a seed', { timeout: testTimeoutMs }, () => {
  it.for([3, 11, 17])('%i replays exactly', async (seed) => {
    const [once, again] = [await sim.simulate(seed), await sim.simulate(seed, { keepAll: true })];
    expect(again.events).toBe(once.events);
    expect(again.hash).toBe(once.hash);
    expect((await sim.simulate(seed + 1)).hash).not.toBe(once.hash);
  });

  it('replays exactly in another process, with files', async () => {
    let seed = 1;
    while (!sim.scenarioOf(seed).usesDisk) seed++;
    const { hash } = await sim.simulate(seed);
    expect(await runPool({ ...plan(bundle, seed, 1), stopAtFailure: false })).toMatchObject({
      hashes: new Map([[seed, hash]]),
    });
  });
});

describe('a planted bug', { timeout: testTimeoutMs }, () => {
  it('fits the source that it is planted in', async () => {
    expect(await misfits(mutants.flatMap(({ edits }) => edits))).toEqual([]);
  });

  it.for(plantedHere)('is found: %s', async (name) => {
    const mutant = mutants.find((one) => one.name === name);
    expect(mutant, `a mutant named ${name}`).toBeDefined();
    const mutated = await bundleSim(mutant!.edits);
    try {
      const { failures } = await runPool(plan(mutated, 1, maxSeedsPerMutant));
      expect(failures).not.toHaveLength(0);
    } finally {
      await mutated.remove();
    }
  });
});

function plan(
  { workerPath }: SimBundle,
  first: number,
  count: number,
): Parameters<typeof runPool>[0] {
  return {
    workerPath,
    first,
    count,
    workers: 1,
    stopAtFailure: true,
    onProgress: () => undefined,
  };
}

async function expectToHold(seed: number): Promise<void> {
  const result = await sim.simulate(seed);
  if (result.failure !== undefined) {
    throw new Error(sim.printFailure(result), { cause: result.failure });
  }
}
