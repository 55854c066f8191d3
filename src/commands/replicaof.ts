/** `repl replicaof NODE HOST PORT` and `… no one`: the server's own command, with care. */
import * as Args from '@oclif/core/args';
import type { ChangeDocument } from '../cli/change/change-document.ts';
import { changeFlags, TopologyCommand } from '../cli/topology-command.ts';

export default class Replicaof extends TopologyCommand {
  static override summary =
    'Make a running node a replica of HOST PORT, or a master with "no one".';

  static override description = [
    'A node that turns to a master of another history loses its data, which is replaced by the master\'s: this is said, and asked about, before it is done. "no one" keeps the data.',
    'Without --persist a restart goes back to the configuration file.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> replicaof 6381 127.0.0.1 6380',
    '<%= config.bin %> replicaof 6381 no one',
    '<%= config.bin %> replicaof 6381 127.0.0.1 6380 --persist',
  ];

  static override args = {
    node: Args.string({ required: true, description: 'the node to change, or host:port' }),
    host: Args.string({ required: true, description: 'host of the master, or "no"' }),
    port: Args.string({ required: true, description: 'port of the master, or "one"' }),
  };

  static override flags = changeFlags;

  static override aliases = ['slaveof'];

  async run(): Promise<ChangeDocument> {
    const { args, flags } = await this.parse(Replicaof);
    const { parseUpstream } = await import('../cli/parse-upstream.ts');
    const address = parseUpstream(args.host, args.port);
    const before = await this.observe(flags, [args.node], address === 'no-one' ? [] : [address]);
    const node = before.find(args.node).id;
    if (address === 'no-one') {
      return this.change(flags, { before, wanted: { kind: 'no-one', node }, askWhen: 'warned' });
    }
    const { findNode } = await import('../topology/model.ts');
    const { formatAddress } = await import('../instance/address.ts');
    const found = findNode(before.topology, formatAddress(address));
    const upstream = found?.id;
    const wanted = { kind: 'replicaof', node, address, upstream } as const;
    return this.change(flags, { before, wanted, askWhen: 'warned' });
  }
}
