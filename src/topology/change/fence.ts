/**
 * The note that is left when a replica takes over from a dead master: should that one come back, it
 * still takes writes, and nobody else would know that it was replaced. Written by the change engine,
 * read wherever a setup is looked at, removed when the node has its new place. One small file per
 * node beside the history of changes; there is no secret in it.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addressKey, type Address } from '../../instance/address.ts';
import type { Fence } from '../model.ts';

/** What marks the file as one of ours. */
const head = { schema: 'redis-repl/fence', version: 1 } as const;

export async function writeFence(stateDir: string, fence: Fence): Promise<void> {
  const path = fencePath(stateDir, fence.address);
  await mkdir(fencesDir(stateDir), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.tmp`;
  await writeFile(draft, `${JSON.stringify({ ...head, ...fence }, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}

/** All that there are; what cannot be read is no fence. */
export async function readFences(stateDir: string): Promise<Fence[]> {
  const names = await readdir(fencesDir(stateDir)).catch((): string[] => []);
  const files = names.filter((name) => name.endsWith('.json')).sort();
  const texts = files.map((name) => readFile(join(fencesDir(stateDir), name), 'utf8'));
  return (await Promise.allSettled(texts)).flatMap((read) =>
    read.status === 'fulfilled' ? parseFence(read.value) : [],
  );
}

/** A node without a fence is no error. */
export async function removeFence(stateDir: string, address: Address): Promise<void> {
  await rm(fencePath(stateDir, address), { force: true });
}

function parseFence(text: string): Fence[] {
  try {
    const { schema, version, ...fence } = JSON.parse(text) as Fence & typeof head;
    return schema === head.schema && version === head.version ? [fence] : [];
  } catch {
    return [];
  }
}

function fencesDir(stateDir: string): string {
  return join(stateDir, 'fences');
}

/** An address with its colons and brackets replaced: not every file system takes them. */
function fencePath(stateDir: string, address: Address): string {
  return join(fencesDir(stateDir), `${addressKey(address).replaceAll(/[^\w.-]/g, '_')}.json`);
}
