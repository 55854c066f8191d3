// Bundles what we ship. The CLI becomes one chunk per command (a command loads only what it uses),
// the server one file without dependencies: start-up time is a feature of both. At the end stands
// oclif's manifest, from which the CLI knows its commands without loading them.
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Plugin } from '@oclif/core';
import { build } from 'esbuild';
import { leanOclif } from './lean-oclif.mjs';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: 'linked',
  legalComments: 'linked',
  logLevel: 'warning',
  metafile: true,
};

// CommonJS packages inside an ES module bundle still call require() for Node's own modules.
const requireBanner = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
};

const results = await Promise.all([
  build({ ...common, entryPoints: { 'repl-server': 'src/server/main.ts' }, outdir: 'dist' }),
  build({
    ...common,
    entryPoints: [
      'src/cli/run.ts',
      'src/cli/help.ts',
      'src/cli/oclif-config.ts',
      'src/commands/*.ts',
    ],
    outbase: 'src',
    outdir: 'dist',
    splitting: true,
    // Its ES modules: what we do not use of them is left out.
    alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
    plugins: [leanOclif],
    chunkNames: 'chunks/[name]-[hash]',
    banner: requireBanner,
  }),
]);

await removeOldFiles(results.flatMap(({ metafile }) => Object.keys(metafile.outputs)));
await writeManifest();

/** Old files go last, so that what runs during a build does not lose the files it loads. */
async function removeOldFiles(outputs) {
  const fresh = new Set(outputs.map((path) => join(root, path)));
  const entries = await readdir(dist, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  await Promise.all(paths.filter((path) => !fresh.has(path)).map((path) => rm(path)));
}

/** Loads every built command once and notes its flags, arguments and texts. */
async function writeManifest() {
  const { loadOptions } = await import(join(dist, 'cli/oclif-config.js'));
  const packageJson = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const plugin = new Plugin({
    ...loadOptions(packageJson, dist),
    isRoot: true,
    ignoreManifest: true,
    errorOnManifestCreate: true,
  });
  await plugin.load();
  await writeFile(join(dist, 'oclif.manifest.json'), `${JSON.stringify(plugin.manifest)}\n`);
}
