/** Plans as they are read, held to golden files. For the tests of this folder. */
import { stepText } from '../../../src/cli/views/plan-view.ts';
import type { Topology } from '../../../src/topology/model.ts';
import type { Planned } from '../../../src/topology/plan/planned.ts';
import { expectGoldenJson } from '../../support/golden.ts';

/** Steps in words; a refusal as it is. */
export function expectGoldenPlan(planned: Planned, topology: Topology, url: URL): void {
  const shown =
    planned.kind === 'plan'
      ? { ...planned, steps: planned.steps.map((step) => stepText(topology, step)) }
      : planned;
  expectGoldenJson(shown, url);
}
