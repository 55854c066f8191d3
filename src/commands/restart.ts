/** `repl restart [NODE…]`: stops nodes and starts them again from their files. */
import { engineFlag, nodeArgs, NodeCommand } from '../cli/node-command.ts';
import type { NodeResultsDocument } from '../cli/node-results.ts';

export default class Restart extends NodeCommand {
  static override summary = 'Stop nodes of the lab and start them again from their files.';

  static override description =
    'What was changed at runtime and not written to the file is gone afterwards: a node that was ' +
    'made a replica by REPLICAOF is again what its file says.';

  static override examples = [
    '<%= config.bin %> restart',
    '<%= config.bin %> restart 6380',
    '<%= config.bin %> restart --engine redis',
  ];

  // More words than one argument: all are in `argv`.
  static override strict = false;

  static override args = nodeArgs;

  static override flags = { engine: engineFlag };

  async run(): Promise<NodeResultsDocument> {
    const { argv, flags } = await this.parse(Restart);
    const chosen = await this.chooseNodes(flags, argv);
    // Without a program to start, nothing is stopped.
    await this.requireEngine(chosen, flags);
    const stopped = await this.stop(chosen);
    // A node that would not end is not started a second time beside itself; Ctrl-C ends it here.
    const isLeft = ({ outcome }: (typeof stopped)[number]): boolean =>
      outcome.kind === 'failed' || outcome.kind === 'interrupted';
    if (stopped.length < chosen.nodes.length || stopped.some(isLeft)) {
      return this.endWithResults(chosen, { verb: 'stop', results: stopped });
    }
    const results = await this.start(chosen, flags);
    return this.endWithResults(chosen, { verb: 'start', results });
  }
}
