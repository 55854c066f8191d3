import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WriteHold } from '../../../src/topology/change/write-hold.ts';
import type { ChangeThenDie } from '../../support/change-then-die.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { waitFor } from '../../support/wait-for.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { liveKinds, look, startTree } from '../live.ts';

const use = useResources();
const script = fileURLToPath(new URL('../../support/change-then-die.ts', import.meta.url));

describe('held writes', () => {
  it.for(liveKinds)('are held on and on, and go on when that ends (%s)', async (kind, context) => {
    needServer(context, kind);
    const { a } = await startTree(use, kind, { a: undefined });
    const before = await look(a);
    const connected = await before.connect(before.topology.nodes[0]);
    if (connected.kind === 'failed') throw new Error(connected.failure.message);
    const instance = await use.add(connected.value);
    const hold = new WriteHold(instance, { clock: systemClock, timeoutMs: 1 });
    expect(hold.isSure).toBe(false);
    await hold.begin();
    expect(hold.isSure).toBe(true);
    const client = await a.connect();
    let isWritten = false;
    const written = client.command('SET', 'k', 'v').then(() => (isWritten = true));
    // Longer than one pause of its own would last.
    const until = performance.now() + 1800;
    await waitFor(() => performance.now() > until);
    expect([isWritten, hold.isSure]).toEqual([false, true]);
    await hold.release();
    await written;
  });

  it('go on by themselves soon after the command that held them was killed', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const task: ChangeThenDie = {
      ports: [a.port],
      ask: { kind: 'promote', node: b.port },
      stateDir: await use.tempDir(),
      steps: 3, // PINGs are held, nearly in step, writes are held.
    };
    const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(task)]);
    expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
    const diedAt = performance.now();
    expect(await a.cli('SET', 'k', 'v')).toBe('OK');
    expect(performance.now() - diedAt).toBeLessThan(4000);
  });
});
