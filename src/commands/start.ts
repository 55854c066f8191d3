/** `repl start [NODE…]`: the nodes of the lab as processes, awaited until they answer. */
import { engineFlag, nodeArgs, NodeCommand } from '../cli/node-command.ts';
import type { NodeResultsDocument } from '../cli/node-results.ts';

export default class Start extends NodeCommand {
  static override summary = 'Start the nodes of the lab and wait until they answer.';

  static override description =
    'A node that runs already is left alone. Upstreams start before the nodes that follow them. ' +
    'Links are waited for, too, for 3 seconds at most.';

  static override examples = [
    '<%= config.bin %> start',
    '<%= config.bin %> start 6380 6381',
    '<%= config.bin %> start --engine redis',
  ];

  // More words than one argument: all are in `argv`.
  static override strict = false;

  static override args = nodeArgs;

  static override flags = { engine: engineFlag };

  async run(): Promise<NodeResultsDocument> {
    const { argv, flags } = await this.parse(Start);
    const chosen = await this.chooseNodes(flags, argv);
    const results = await this.start(chosen, flags);
    return this.endWithResults(chosen, { verb: 'start', results });
  }
}
