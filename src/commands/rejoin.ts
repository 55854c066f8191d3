/** `repl rejoin NODE`: a master that was replaced while it was away follows the present one again. */
import * as Args from '@oclif/core/args';
import type { ChangeDocument } from '../cli/change/change-document.ts';
import { changeFlags, TopologyCommand } from '../cli/topology-command.ts';

export default class Rejoin extends TopologyCommand {
  static override summary =
    'Let a replaced master follow the present one, and say what it discards.';

  static override description =
    'What it has beyond the point where it was replaced is printed first (bytes past the fork, its keys, and whether that is certain), and asked about. repl check finds such a master.';

  static override examples = [
    '<%= config.bin %> rejoin 6379',
    '<%= config.bin %> rejoin 10.0.0.4:6379 10.0.0.5:6379',
  ];

  static override args = {
    node: Args.string({ required: true, description: 'the old master, or host:port' }),
    master: Args.string({ description: 'the present master, where the node does not know it' }),
  };

  static override flags = changeFlags;

  async run(): Promise<ChangeDocument> {
    const { args, flags } = await this.parse(Rejoin);
    const words = args.master === undefined ? [args.node] : [args.node, args.master];
    const before = await this.observe(flags, words);
    const node = before.find(args.node).id;
    return this.change(flags, { before, wanted: { kind: 'rejoin', node }, askWhen: 'always' });
  }
}
