import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../../src/topology/change/fingerprint.ts';
import { loadPlan, savePlan, type PlanFile } from '../../../src/topology/change/plan-file.ts';
import { useResources } from '../../support/resources.ts';
import { buildTopology } from '../build-topology.ts';

const use = useResources();
const plan: Omit<PlanFile, 'digest'> = {
  schema: 'redis-repl/plan',
  version: 1,
  madeAt: '2026-11-27T11:06:40.000Z',
  command: 'repl promote 6380',
  lab: null,
  nodes: [{ id: 'a', name: 'redis6379', address: { host: '127.0.0.1', port: 6379 } }],
  wanted: { a: null },
  steps: [{ kind: 'follow-no-one', node: 'a' }],
  warnings: [],
  moves: [{ node: 'a', upstream: undefined }],
  persist: false,
  fingerprint: fingerprintOf(buildTopology({ nodes: { 6379: {} } })),
};

async function saved(): Promise<string> {
  const path = join(await use.tempDir(), 'plan.json');
  await savePlan(path, plan);
  return path;
}

describe('a saved plan', () => {
  it('is read as it was written, and is for its owner only', async () => {
    const path = await saved();
    expect(await loadPlan(path)).toMatchObject({ ...plan, moves: [{ node: 'a' }] });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('is refused when a single word of it was changed', async () => {
    const path = await saved();
    await writeFile(path, (await readFile(path, 'utf8')).replace('"redis6379"', '"redis6380"'));
    await expect(loadPlan(path)).rejects.toThrow('changed after it was made');
  });

  it.each([
    ['nothing there', undefined, 'could not read'],
    ['no JSON', 'steps: []', 'is no plan'],
    ['other JSON', '{"schema":"redis-repl/status"}', 'is no plan'],
    ['a later version', '{"schema":"redis-repl/plan","version":2}', 'another version'],
  ])('is refused: %s', async (_what, text, message) => {
    const path = join(await use.tempDir(), 'plan.json');
    if (text !== undefined) await writeFile(path, text);
    await expect(loadPlan(path)).rejects.toThrow(message);
  });
});
