/** How long an empty replica takes from REPLICAOF to having everything, nobody writing. */
import type { TestServer } from '../support/server-process.ts';
import { median } from './figures.ts';
import type { ReplicationBenchPlan, ReplicationBenchRow } from './replication-bench.ts';
import { closeAll, startFast, startFilled, timeFullSync } from './replication-rig.ts';

/** Of Redis's time. */
const goal = 0.7;

export async function* benchFullSync({
  sides,
  keys,
  rounds,
}: ReplicationBenchPlan): AsyncGenerator<ReplicationBenchRow> {
  const masters: TestServer[] = [];
  const times: number[][] = sides.map(() => []);
  try {
    for (const program of sides) masters.push(await startFilled(program, keys));
    for (let round = 0; round < rounds; round++) {
      for (const [at, master] of masters.entries()) {
        const replica = await startFast(sides[at]);
        try {
          times[at].push((await timeFullSync(master, replica)).ms);
        } finally {
          await replica.close();
        }
      }
    }
  } finally {
    await closeAll(masters);
  }
  const [a, b] = times.map(median);
  yield { name: 'full sync', unit: 'ms', values: [a, b], goal };
}
