/** `repl info NODE`: one node's INFO replication, each field in plain words. */
import * as Args from '@oclif/core/args';
import {
  credentialsFor,
  parseSeconds,
  timeoutFlag,
  TopologyCommand,
} from '../cli/topology-command.ts';

export default class Info extends TopologyCommand {
  static override summary = "Explain every field of one node's INFO replication.";

  static override examples = [
    '<%= config.bin %> info 6380',
    '<%= config.bin %> info 10.0.0.5:6379',
  ];

  static override args = {
    node: Args.string({ required: true, description: 'a node of the lab, or host:port' }),
  };

  static override flags = { timeout: timeoutFlag(2, 'how long to wait for the node') };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Info);
    const timeoutMs = parseSeconds(flags.timeout, '--timeout') * 1000;
    const lab = await this.findLab(flags, [args.node]);
    const [{ readNodeInfo }, { infoDocument, renderInfo }, { paintFor }] = await Promise.all([
      import('../cli/read-node-info.ts'),
      import('../cli/views/info-view.ts'),
      import('../cli/views/paint.ts'),
    ]);
    const [credentials, { askPassword, canAsk }] = await Promise.all([
      credentialsFor(flags),
      import('../cli/ask.ts'),
    ]);
    const mayAsk = canAsk() && !this.jsonEnabled();
    const input = await readNodeInfo(args.node, {
      lab,
      credentials,
      timeoutMs,
      askPassword: mayAsk ? () => askPassword(`Password of ${args.node}:`) : undefined,
    });
    this.write(renderInfo(input, paintFor(process.stdout)));
    return infoDocument(input);
  }
}
