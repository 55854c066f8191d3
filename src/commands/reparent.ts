/** `repl reparent NODE UPSTREAM`: lets a node follow another node of the same setup. */
import * as Args from '@oclif/core/args';
import type { ChangeDocument } from '../cli/change/change-document.ts';
import { changeFlags, TopologyCommand } from '../cli/topology-command.ts';

export default class Reparent extends TopologyCommand {
  static override summary = 'Let a node follow another upstream; its own replicas stay below it.';

  static override description =
    'A cycle, and a node that would follow itself, are refused before anything is touched.';

  static override examples = [
    '<%= config.bin %> reparent 6381 6380',
    '<%= config.bin %> reparent 6381 6380 --persist --yes',
  ];

  static override args = {
    node: Args.string({ required: true, description: 'the node to move, or host:port' }),
    upstream: Args.string({ required: true, description: 'whom it shall follow, or host:port' }),
  };

  static override flags = changeFlags;

  async run(): Promise<ChangeDocument> {
    const { args, flags } = await this.parse(Reparent);
    const before = await this.observe(flags, [args.node, args.upstream]);
    const node = before.find(args.node).id;
    const upstream = before.find(args.upstream).id;
    return this.change(flags, {
      before,
      wanted: { kind: 'reparent', node, upstream },
      askWhen: 'always',
    });
  }
}
