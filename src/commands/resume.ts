/** `repl resume [ID]`: finishes a change that was left in the middle. */
import type { ChangeDocument } from '../cli/change/change-document.ts';
import { againArgs, againFlags, TopologyCommand } from '../cli/topology-command.ts';

export default class Resume extends TopologyCommand {
  static override summary = 'Finish a change that was left in the middle.';

  static override description = [
    'A change whose command was killed, lost its network or failed after the point of no return is written down as unfinished. This looks at what is there now, plans the rest of the way to what that change wanted, and runs it.',
    'A hold on writes has ended by itself, a second or two after that command did; a setup that was left without a master gets the one that was wanted.',
    'repl rollback goes the other way; repl history shows the unfinished ones.',
  ].join('\n\n');

  static override examples = ['<%= config.bin %> resume', '<%= config.bin %> resume --yes'];

  static override args = againArgs;

  static override flags = againFlags;

  async run(): Promise<ChangeDocument> {
    const { args, flags } = await this.parse(Resume);
    return this.takeUp(flags, args.id, 'resume');
  }
}
