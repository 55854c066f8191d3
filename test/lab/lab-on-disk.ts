/** A lab in a temporary directory, written as `repl init` does, for tests of lab/. */
import { join } from 'node:path';
import { Secret } from '../../src/instance/secret.ts';
import { stopNodes, type Lab } from '../../src/lab/lab.ts';
import type { PortPlan } from '../../src/lab/port-words.ts';
import { planLab, renderLab } from '../../src/lab/scaffold.ts';
import { writeLab } from '../../src/lab/write-lab.ts';
import { systemClock } from '../../src/util/clock.ts';
import { freePort } from '../support/free-port.ts';
import { findRealServer } from '../support/real-servers.ts';
import type { Resources } from '../support/resources.ts';

/** Holds a quote and a space, so that whatever forgets to quote fails. */
export const labPassword = 'pass "word"';

/** Servers that labs are tried on. */
export const labKinds = ['bundled', 'redis7'] as const;
export type LabKind = (typeof labKinds)[number];

/** A master and its replicas, written and not started. Stopped and removed after the test. */
export async function makeLabOnDisk(
  use: Resources,
  { kind, nodes = 1 }: { kind: LabKind; nodes?: number },
): Promise<Lab> {
  const labDir = join(await use.tempDir(), 'a lab');
  const plan = planLab({
    labDir,
    ports: await choosePorts(nodes),
    engine: kind === 'bundled' ? kind : (findRealServer(kind)?.binary ?? kind),
    password: new Secret(labPassword),
    bind: ['127.0.0.1'],
  });
  await writeLab(labDir, renderLab(plan));
  const lab = { dir: labDir, spec: plan.spec };
  use.defer(() => stopNodes(lab, lab.spec.nodes, { clock: systemClock }));
  return lab;
}

async function choosePorts(count: number): Promise<PortPlan[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports.map((port, index) => ({ port, upstreamPort: index === 0 ? undefined : ports[0] }));
}
