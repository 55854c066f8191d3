// For build.mjs: what oclif does at every start and we never need is left out of the bundle; a
// start is 20 to 30 ms shorter. An oclif that no longer has one of these places stops the build.
import { readFile } from 'node:fs/promises';

/** A path inside oclif, words there, and words in their place. */
const changes = [
  // localeCompare loads the collation tables of ICU; ids of commands are ASCII.
  [/config[\\/]plugin\.js$/, 'a.id.localeCompare(b.id)', '(a.id < b.id ? -1 : 1)'],
  // It finds commands where there is no manifest; we have one.
  [/config[\\/]plugin\.js$/, 'require("tinyglobby")', '{}'],
  // Whether this is Linux inside Windows: loading what finds out opens the standard input.
  [/util[\\/]os\.js$/, "(await import('wsl-utils')).isWsl ? 'wsl' : ", ''],
];

export const leanOclif = {
  name: 'lean-oclif',
  setup(build) {
    build.onLoad(
      { filter: /@oclif[\\/]core[\\/]lib[\\/](config[\\/]plugin|util[\\/]os)\.js$/ },
      load,
    );
  },
};

async function load({ path }) {
  let contents = await readFile(path, 'utf8');
  for (const [where, words, instead] of changes) {
    if (!where.test(path)) continue;
    if (!contents.includes(words)) throw new Error(`${path} has no ${words} any more`);
    contents = contents.replace(words, instead);
  }
  return { contents };
}
