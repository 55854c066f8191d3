/**
 * PFSELFTEST: whether registers keep what is put into them, whether both forms agree, and whether
 * the estimates are as near as theory has it. Takes some tenths of a second.
 */
import type { Random } from '../../util/random.ts';
import { hllRegisters } from './hll-hash.ts';
import { Hyperloglog, newRegisters } from './hyperloglog.ts';

const registerRounds = 20;
const registerMax = 63;
const elements = 200_000;
/** So many go into a sparse one as well: it gets slower with each. */
const sparseElements = 2000;
/** Estimates are checked whenever so many times as many elements have gone in. */
const checkFactor = 10;
/** Of 1.04 / √16384, the standard error, so many are all but impossible. [hyperloglog.c, 7.0] */
const maxErrors = 6;
const standardError = 1.04 / Math.sqrt(hllRegisters);

/** What is wrong, null when all is well. */
export function selfTest(random: Random): string | null {
  return testRegisters(random) ?? testEstimates(random);
}

function testRegisters(random: Random): string | null {
  for (let round = 0; round < registerRounds; round++) {
    const wanted = newRegisters().map(() => random.uint32() & registerMax);
    const hll = Hyperloglog.empty();
    hll.absorb(wanted, 0);
    const found = newRegisters();
    hll.mergeInto(found);
    const wrong = wanted.findIndex((value, index) => value !== found[index]);
    if (wrong >= 0) {
      return `Register ${wrong} should be ${wanted[wrong]} but is ${found[wrong]}`;
    }
  }
  return null;
}

function testEstimates(random: Random): string | null {
  const dense = Hyperloglog.empty();
  dense.toDense();
  const sparse = Hyperloglog.empty();
  const element = new Uint8Array(8);
  const numbers = new Uint32Array(element.buffer);
  numbers[1] = random.uint32();
  let nextCheck = 1;
  for (let count = 1; count <= elements; count++) {
    numbers[0] = count;
    dense.add(element, 0, element.length, Infinity);
    if (count <= sparseElements) sparse.add(element, 0, element.length, Infinity);
    if (count !== nextCheck) continue;
    nextCheck *= checkFactor;
    const estimate = dense.count() ?? 0;
    const error = Math.abs(estimate - count);
    // Few elements are counted exactly but for those that meet in a register.
    const allowed = Math.max(2, Math.ceil(standardError * maxErrors * count));
    if (error > allowed) return `Too big error. card:${count} abserr:${error}`;
    if (count <= sparseElements && sparse.count() !== estimate) {
      return 'dense/sparse disagree';
    }
  }
  return null;
}
