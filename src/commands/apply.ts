/** `repl apply [FILE]`: makes the live setup what the inventory says, or runs a saved plan. */
import * as Args from '@oclif/core/args';
import type { ChangeDocument } from '../cli/change/change-document.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import {
  changeFlags,
  discardDataFlag,
  TopologyCommand,
  type ChangeFlags,
} from '../cli/topology-command.ts';
import { OperatorError } from '../util/errors.ts';

export default class Apply extends TopologyCommand {
  static override summary = 'Make the live setup what repl.yaml says, or run a saved plan.';

  static override description = [
    'With an inventory (by default that of the lab) every node gets the upstream that is written there: replicas move, and if another node shall be the master, it is promoted without loss. A second run has nothing to do.',
    'A node with data of another history is refused before anything is touched, unless --discard-data is given.',
    'With a plan that --out saved, the steps in it are run, and only if the setup is still the one that the plan was made for: nobody restarted, moved, appeared, went, or was set otherwise.',
    'Exit code of --dry-run: 0 nothing to do, 4 there is something to change.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> apply',
    '<%= config.bin %> apply --dry-run',
    '<%= config.bin %> apply production/repl.yaml --yes',
    '<%= config.bin %> promote 6380 --out plan.json && <%= config.bin %> apply plan.json',
  ];

  static override args = {
    file: Args.string({ description: 'a repl.yaml, its directory, or a plan (.json)' }),
  };

  static override flags = { ...changeFlags, 'discard-data': discardDataFlag };

  async run(): Promise<ChangeDocument> {
    const { args, flags } = await this.parse(Apply);
    const discardData = flags['discard-data'];
    if (args.file?.endsWith('.json') === true) {
      if (discardData) throwPlanDiscards();
      return this.#applyPlan(args.file, flags);
    }
    const lab = args.file ?? flags.lab;
    const before = await this.observe({ ...flags, lab }, []);
    const [{ planShape }, { inventoryShape }] = await Promise.all([
      import('../topology/plan/plan-shape.ts'),
      import('../topology/plan/inventory-shape.ts'),
    ]);
    const { persist } = flags;
    return this.runChange(flags, {
      before,
      plan: (topology, abilities) =>
        planShape(topology, inventoryShape(topology), {
          persist,
          discardData,
          ...(abilities && { abilities }),
        }),
      askWhen: 'always',
      persistHint: undefined,
    });
  }

  async #applyPlan(path: string, flags: ChangeFlags): Promise<ChangeDocument> {
    const [{ loadPlan }, { fingerprintOf }, { throwIfDrifted }] = await Promise.all([
      import('../topology/change/plan-file.ts'),
      import('../topology/change/fingerprint.ts'),
      import('../cli/change/perform-change.ts'),
    ]);
    const { fingerprint, lab, nodes, persist, ...plan } = await loadPlan(path);
    const before = await this.observeRecorded(flags, { lab, nodes });
    throwIfDrifted(fingerprint, fingerprintOf(before.topology));
    return this.runChange(
      { ...flags, persist },
      {
        before,
        fingerprint,
        plan: () => ({ kind: 'plan', ...plan }),
        askWhen: 'always',
        persistHint: undefined,
      },
    );
  }
}

function throwPlanDiscards(): never {
  throw new OperatorError('a saved plan says itself what it discards', {
    hint: 'make it again with --discard-data and --out, and apply it without',
    exitCode: exitCodes.usage,
  });
}
