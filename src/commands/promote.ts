/** `repl promote NODE`: makes a replica the master; everyone else follows it. */
import * as Args from '@oclif/core/args';
import type { ChangeDocument } from '../cli/change/change-document.ts';
import { changeFlags, TopologyCommand } from '../cli/topology-command.ts';

export default class Promote extends TopologyCommand {
  static override summary = 'Make a replica the master; the other nodes follow it.';

  static override description = [
    'While the old master lives, nothing is lost: its writes are held for a moment, the replica receives every byte, the old master becomes its replica, and only then it takes writes.',
    "The old master's other replicas follow; replicas further down stay where they are.",
    'When the old master is dead, its last writes may be lost, and the plan says so.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> promote 6380',
    '<%= config.bin %> promote 6380 --persist --yes',
    '<%= config.bin %> promote 10.0.0.5:6379 --dry-run',
  ];

  static override args = {
    node: Args.string({ required: true, description: 'a node of the lab, or host:port' }),
  };

  static override flags = changeFlags;

  async run(): Promise<ChangeDocument> {
    const { args, flags } = await this.parse(Promote);
    const before = await this.observe(flags, [args.node]);
    const node = before.find(args.node).id;
    return this.change(flags, { before, wanted: { kind: 'promote', node }, askWhen: 'always' });
  }
}
