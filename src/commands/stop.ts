/** `repl stop [NODE…]`: ends nodes of the lab, and waits until they have saved and gone. */
import { nodeArgs, NodeCommand } from '../cli/node-command.ts';
import type { NodeResultsDocument } from '../cli/node-results.ts';

export default class Stop extends NodeCommand {
  static override summary = 'Stop nodes of the lab and wait until they are gone.';

  static override description =
    'They get SIGTERM, so they save their data. Replicas stop before the nodes that they follow. ' +
    'A node that does not run is left alone.';

  static override examples = ['<%= config.bin %> stop', '<%= config.bin %> stop 6379'];

  // More words than one argument: all are in `argv`.
  static override strict = false;

  static override args = nodeArgs;

  async run(): Promise<NodeResultsDocument> {
    const { argv, flags } = await this.parse(Stop);
    const chosen = await this.chooseNodes(flags, argv);
    const results = await this.stop(chosen);
    return this.endWithResults(chosen, { verb: 'stop', results });
  }
}
