/**
 * Data that lies where a lab is about to be written. It is kept, and the user is told: a node loads
 * it when it starts. Called by the init command.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabPlan } from './scaffold.ts';

/** Snapshots and append-only files in the nodes' directories, as paths inside the lab. */
export async function findKeptData({ labDir, spec }: LabPlan): Promise<string[]> {
  const found = await Promise.all(
    spec.nodes.map(async ({ dir }) => {
      const names = await readdir(join(labDir, dir)).catch(() => []);
      return names.filter((name) => /^(?:dump|append)/.test(name)).map((name) => join(dir, name));
    }),
  );
  return found.flat().sort();
}
