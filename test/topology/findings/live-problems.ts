/**
 * The tests of one kind of server: every illness is found on live nodes, and healthy trees have
 * none. One file per kind calls this, so that kinds run side by side.
 *
 * Every code is looked for in one of the three shapes, another one for each kind, so that all kinds
 * together go through all shapes; with REDIS_REPL_ALL_SHAPES=1 every kind goes through all.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { problemCodes } from '../../../src/topology/findings/diagnose.ts';
import { seededRandom } from '../../../src/util/random.ts';
import { findRealServer } from '../../support/real-servers.ts';
import { useResources } from '../../support/resources.ts';
import { needServer, serverKinds, type ServerKind } from '../../support/server-kinds.ts';
import { waitFor } from '../../support/wait-for.ts';
import { names, Pool, problemsOf, shapes, type Name, type Shape, type Tree } from './live-pool.ts';
import { scenarios, type Scenario } from './live-scenarios.ts';

const allShapes = process.env.REDIS_REPL_ALL_SHAPES === '1';
/** Of each kind: sixty together. */
const healthyTrees = allShapes ? 100 : 15;

/** A loop, or a link that is tried once a second, takes its time to be seen. */
const findLimitMs = 20_000;

export function testProblemsOn(kind: ServerKind): void {
  const use = useResources('file');
  let pool: Pool;

  beforeAll(async () => {
    if (kind === 'bundled' || findRealServer(kind)) pool = await Pool.start(use, kind);
  }, 60_000);

  describe(`on live servers (${kind})`, () => {
    it('there is a way to make every illness', () => {
      expect(scenarios.map(({ code }) => code)).toEqual(problemCodes);
    });

    for (const [index, scenario] of scenarios.entries()) {
      for (const shape of shapesFor(index, kind)) {
        it(`${scenario.code} is found in a ${shape}`, { timeout: 60_000 }, async (context) => {
          needServer(context, kind, ...(scenario.needs ?? []));
          const reason = scenario.not?.(kind, shape);
          if (reason !== undefined) context.skip(reason);
          await pool.settle(shapes[shape]);
          await expectFound(pool, scenario);
        });
      }
    }

    it(`${healthyTrees} healthy trees have none`, { timeout: 240_000 }, async (context) => {
      needServer(context, kind);
      const random = seededRandom(healthyTrees + kind.length);
      for (let n = 0; n < healthyTrees; n++) {
        const tree = randomTree(() => random.float());
        await pool.settle(tree);
        expect({ tree, problems: problemsOf(await pool.look()) }).toEqual({ tree, problems: [] });
        // The inventory's own: what runs is what the files say.
        for (const name of names) await pool.command(name, 'CONFIG', 'REWRITE');
        const inLab = await pool.look(pool.lab());
        expect({ tree, problems: problemsOf(inLab) }).toEqual({ tree, problems: [] });
      }
    });
  });
}

async function expectFound(pool: Pool, { code, make }: Scenario): Promise<void> {
  const look = (await make(pool)) ?? (() => pool.look());
  let codes: string[] = [];
  const isFound = async (): Promise<boolean> => {
    codes = problemsOf(await look()).map((problem) => problem.code);
    return codes.includes(code);
  };
  const what = (): string => `${code}; found: ${codes.join(', ')}`;
  await waitFor(isFound, { timeoutMs: findLimitMs, intervalMs: 50, what });
}

function shapesFor(index: number, kind: ServerKind): Shape[] {
  const all = Object.keys(shapes) as Shape[];
  return allShapes ? all : [all[(index + serverKinds.indexOf(kind)) % all.length]];
}

/** The first node stays the master: who follows whom below it is drawn by lot. */
function randomTree(random: () => number): Tree {
  const tree: Record<Name, Name | undefined> = { a: undefined, b: 'a', c: 'a', d: 'a' };
  for (const [at, name] of names.entries()) {
    if (at > 0) tree[name] = names[Math.floor(random() * at)];
  }
  return tree;
}
