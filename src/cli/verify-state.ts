/**
 * Where comparisons stand, for `repl verify --resume`: one file per pair of nodes, beside the
 * changes that were made. It holds names of keys, never values, and only its owner can read it. Used by
 * run-verify.ts.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VerifyPair } from '../topology/verify/pairs.ts';
import type { VerifyCheckpoint } from '../topology/verify/verify-pair.ts';

const format = 'redis-repl/verify-state';
const formatVersion = 1;

interface Saved {
  readonly format: typeof format;
  readonly version: typeof formatVersion;
  readonly checkpoint: VerifyCheckpoint;
}

export interface VerifyState {
  /** Undefined where no run of these lives of these nodes was broken off. */
  load(pair: VerifyPair): VerifyCheckpoint | undefined;
  save(checkpoint: VerifyCheckpoint): void;
  /** Once there is nothing to go on with. */
  clear(pair: VerifyPair): void;
}

/** `stateDir` is where repl remembers things: of the lab, or of everything else. */
export function openVerifyState(stateDir: string): VerifyState {
  const dir = join(stateDir, 'verify');
  const pathOf = (masterId: string, replicaId: string): string =>
    join(dir, `${[masterId, replicaId].map((id) => id.replaceAll(/\W/g, '_')).join('-')}.json`);
  return {
    load: ({ master, replica }) => read(pathOf(master.id, replica.id)),
    save(checkpoint) {
      const path = pathOf(checkpoint.masterId, checkpoint.replicaId);
      const saved: Saved = { format, version: formatVersion, checkpoint };
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      // A run that is killed meanwhile leaves the file before, whole.
      writeFileSync(`${path}.new`, JSON.stringify(saved), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
    clear: ({ master, replica }) => rmSync(pathOf(master.id, replica.id), { force: true }),
  };
}

function read(path: string): VerifyCheckpoint | undefined {
  try {
    const saved = JSON.parse(readFileSync(path, 'utf8')) as Partial<Saved>;
    return saved.format === format && saved.version === formatVersion
      ? saved.checkpoint
      : undefined;
  } catch {
    return undefined; // There is none, or it is none of ours: the comparison begins at the start.
  }
}
