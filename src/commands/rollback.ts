/** `repl rollback [ID]`: undoes a change that was left in the middle. */
import type { ChangeDocument } from '../cli/change/change-document.ts';
import { againArgs, againFlags, TopologyCommand } from '../cli/topology-command.ts';

export default class Rollback extends TopologyCommand {
  static override summary = 'Undo a change that was left in the middle.';

  static override description = [
    'Looks at what is there now, plans the way back to who followed whom before the change, and runs it. Where the new master has taken writes already, the way back is a promotion of the old one that keeps them.',
    'Only for changes that were not finished: to undo one that was, make the opposite change.',
  ].join('\n\n');

  static override examples = ['<%= config.bin %> rollback', '<%= config.bin %> rollback --yes'];

  static override args = againArgs;

  static override flags = againFlags;

  async run(): Promise<ChangeDocument> {
    const { args, flags } = await this.parse(Rollback);
    return this.takeUp(flags, args.id, 'rollback');
  }
}
