/**
 * The simulator by hand: `npm run sim` runs some random seeds, `npm run sim -- SEED` replays one
 * and shows what happened, `npm run sim -- SEED COUNT` runs that many seeds from SEED on.
 */
import { printFailure, printRun } from './report.ts';
import { simulate } from './simulate.ts';

const defaultCount = 100;

const [seedText, countText] = process.argv.slice(2);
if ([seedText, countText].some((text) => text !== undefined && !/^\d+$/.test(text))) {
  throw new Error('usage: npm run sim [-- SEED [COUNT]]');
}
process.exitCode =
  seedText !== undefined && countText === undefined
    ? await replay(Number(seedText))
    : await runMany(
        Number(seedText ?? Date.now() % 1_000_000_000),
        Number(countText ?? defaultCount),
      );

async function replay(seed: number): Promise<number> {
  const result = await simulate(seed, { keepAll: true });
  console.log(printRun(result));
  return result.failure === undefined ? 0 : 1;
}

async function runMany(first: number, count: number): Promise<number> {
  const startedMs = performance.now();
  const failed: number[] = [];
  const totals = { events: 0, virtualMs: 0, full: 0, partial: 0 };
  for (let seed = first; seed < first + count; seed++) {
    const result = await simulate(seed);
    totals.events += result.events;
    totals.virtualMs += result.virtualMs;
    totals.full += result.syncs.full;
    totals.partial += result.syncs.partial;
    if (result.failure === undefined) continue;
    failed.push(seed);
    console.log(printFailure(result));
  }
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(
    `${count} seeds from ${first}: ${count - failed.length} passed, ${failed.length} failed; ` +
      `${(count / seconds).toFixed(1)} seeds/s, ${Math.round(totals.events / count)} events and ` +
      `${Math.round(totals.virtualMs / count / 1000)} virtual seconds a seed, ` +
      `${totals.full} full and ${totals.partial} partial syncs`,
  );
  if (failed.length > 0) console.log(`failed: ${failed.join(' ')}`);
  return failed.length === 0 ? 0 : 1;
}
