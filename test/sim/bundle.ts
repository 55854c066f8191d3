/**
 * Builds the simulator: one file for each entry, the product and the tests' parts of it together, so
 * that a worker process starts at once. On the way sources can be edited: files go to memory, some
 * sizes become small, and `mutants.ts` plants its bugs, all without a hook in the product.
 *
 * Small sizes make servers cheap (most of what a simulated server costs is memory that it never uses)
 * and let a short run meet the edges of blocks, buffers and chunks that a long one would.
 */
import { readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type * as simulator from './entry.ts';
import { makeTempDir } from '../support/temp-dir.ts';

export type Simulator = typeof simulator;

/** A text that a source holds exactly once, and what is to stand there instead. */
export interface SourceEdit {
  /** Below the project's root. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface SimBundle {
  /** A program for child processes; see `worker.ts`. */
  readonly workerPath: string;
  /** The simulator in this process. */
  load(): Promise<Simulator>;
  remove(): Promise<void>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const memoryModules: Readonly<Record<string, string>> = {
  'node:fs': join(root, 'test/sim/memory-fs/node-fs.ts'),
  'node:fs/promises': join(root, 'test/sim/memory-fs/node-fs-promises.ts'),
};

const smallSizes: readonly SourceEdit[] = [
  {
    file: 'src/server/replication/replication-log.ts',
    from: 'const minBlockBytes = 16 * 1024;',
    to: 'const minBlockBytes = 1024;',
  },
  {
    file: 'src/server/types/arena.ts',
    from: 'const defaultFirstChunkBytes = 1 << 20;',
    to: 'const defaultFirstChunkBytes = 1 << 15;',
  },
  {
    file: 'src/protocol/reply-writer.ts',
    from: 'const initialBytes = 1 << 20;',
    to: 'const initialBytes = 1 << 15;',
  },
  {
    file: 'src/protocol/reply-writer.ts',
    from: 'const largeBulkBytes = 256 * 1024;',
    to: 'const largeBulkBytes = 8 * 1024;',
  },
];

/** Throws when an edit does not fit its source any more. */
export async function bundleSim(edits: readonly SourceEdit[] = []): Promise<SimBundle> {
  const dir = await makeTempDir('sim-build');
  await build({
    absWorkingDir: root,
    entryPoints: { worker: 'test/sim/worker.ts', entry: 'test/sim/entry.ts' },
    outdir: dir.path,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: 'inline',
    logLevel: 'silent',
    plugins: [memoryFiles, editSources([...smallSizes, ...edits])],
  });
  return {
    workerPath: join(dir.path, 'worker.mjs'),
    load: () => import(join(dir.path, 'entry.mjs')) as Promise<Simulator>,
    remove: () => rm(dir.path, { recursive: true, force: true }),
  };
}

/** The edits that do not fit their sources any more, each with the reason. */
export async function misfits(edits: readonly SourceEdit[]): Promise<string[]> {
  const reasons: string[] = [];
  for (const edit of edits) {
    const contents = await readFile(join(root, edit.file), 'utf8');
    try {
      applyEdit(contents, edit);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  return reasons;
}

const memoryFiles: Plugin = {
  name: 'memory-files',
  setup(building) {
    building.onResolve({ filter: /^node:fs(\/promises)?$/ }, ({ path }) => ({
      path: memoryModules[path],
    }));
  },
};

function editSources(edits: readonly SourceEdit[]): Plugin {
  const files = new Set(edits.map(({ file }) => file));
  return {
    name: 'edit-sources',
    setup(building) {
      building.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const file = relative(root, path);
        if (!files.has(file)) return undefined;
        let contents = await readFile(path, 'utf8');
        for (const edit of edits) if (edit.file === file) contents = applyEdit(contents, edit);
        return { contents, loader: 'ts' };
      });
    },
  };
}

function applyEdit(contents: string, { file, from, to }: SourceEdit): string {
  const pieces = contents.split(from);
  if (pieces.length !== 2) {
    throw new Error(`${file} holds ${pieces.length - 1} times, not once: ${from}`);
  }
  return pieces.join(to);
}
