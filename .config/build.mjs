// Bundles what we ship. The CLI becomes one chunk per command (a command loads only what it uses),
// the server one file without dependencies: start-up time is a feature of both.
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });

const common = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: 'linked',
  legalComments: 'linked',
  logLevel: 'warning',
};

// CommonJS packages inside an ES module bundle still call require() for Node's own modules.
const requireBanner = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
};

await Promise.all([
  build({ ...common, entryPoints: { 'repl-server': 'src/server/main.ts' }, outdir: 'dist' }),
  build({
    ...common,
    entryPoints: ['src/cli/run.ts', 'src/commands/*.ts'],
    outbase: 'src',
    outdir: 'dist',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    banner: requireBanner,
  }),
]);
