/** `repl promote NODE`: makes a replica the master; everyone else follows it. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { ChangeDocument } from '../cli/change/change-document.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import type { Observation } from '../cli/observe.ts';
import { changeFlags, TopologyCommand } from '../cli/topology-command.ts';
import { OperatorError } from '../util/errors.ts';

export default class Promote extends TopologyCommand {
  static override summary = 'Make a replica the master; the other nodes follow it.';

  static override description = [
    'While the old master lives, nothing is lost: its writes are held for a moment, the replica receives every byte, the old master becomes its replica, and only then it takes writes.',
    "The old master's other replicas follow; replicas further down stay where they are.",
    'When the old master is dead, its last writes may be lost: that takes --force, which without a NODE picks the replica that loses least. A note is left, so that repl check finds the old master when it comes back.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> promote 6380',
    '<%= config.bin %> promote 6380 --persist --yes',
    '<%= config.bin %> promote --force',
    '<%= config.bin %> promote 10.0.0.5:6379 --dry-run',
  ];

  static override args = {
    node: Args.string({ description: 'a node of the lab, or host:port' }),
  };

  static override flags = {
    ...changeFlags,
    force: Flags.boolean({ description: 'take over from a master that does not answer' }),
    'accept-hidden': Flags.boolean({
      description: 'also where nodes that cannot be seen may have more of the data',
    }),
    'allow-loss': Flags.boolean({
      description: 'also where writes cannot be held (before Redis 6.2); stop the writers',
    }),
  };

  async run(): Promise<ChangeDocument> {
    const { args, flags } = await this.parse(Promote);
    const { force } = flags;
    if (args.node === undefined && !force) throwNobodyNamed();
    const before = await this.observe(flags, args.node === undefined ? [] : [args.node]);
    const node = args.node === undefined ? await pickNode(before) : before.find(args.node).id;
    const flagged = { acceptHidden: flags['accept-hidden'], allowLoss: flags['allow-loss'] };
    return this.change(flags, {
      before,
      wanted: { kind: 'promote', node, force, ...flagged },
      askWhen: 'always',
    });
  }
}

function throwNobodyNamed(): never {
  throw new OperatorError('it is not said who shall be the master', {
    hint: 'repl promote NODE; with --force the replica that loses least is picked',
    exitCode: exitCodes.usage,
  });
}

async function pickNode({ topology }: Observation): Promise<string> {
  const [{ pickSuccessor }, { isLiveMaster }] = await Promise.all([
    import('../topology/plan/plan-takeover.ts'),
    import('../topology/model.ts'),
  ]);
  const node = pickSuccessor(topology);
  if (node !== undefined) return node.id;
  const master = topology.nodes.find(isLiveMaster);
  if (master !== undefined) {
    throw new OperatorError(`${master.name} is the master and answers: nobody need take over`, {
      hint: 'to hand over all the same, without loss: repl promote NODE',
    });
  }
  throw new OperatorError('nobody who answers has any of the data: there is nobody to pick', {
    hint: 'repl status',
  });
}
