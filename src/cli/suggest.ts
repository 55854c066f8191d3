/**
 * The word that was probably meant. For mistyped commands; pure.
 */

/** More slips than this and we would only be guessing. */
const slipsLimit = 2;

/** The candidate with the fewest slips of the finger from `word`, if it is close enough. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, slips: countSlips(word, candidate) }))
    .sort((a, b) => a.slips - b.slips);
  const [best] = ranked;
  return best !== undefined && best.slips <= slipsLimit ? best.candidate : undefined;
}

/** Characters added, left out or replaced (Levenshtein's distance, row by row). */
function countSlips(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[to.length];
}
