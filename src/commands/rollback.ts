/** `repl rollback [ID]`: undoes a change that was left in the middle. */
import * as Flags from '@oclif/core/flags';
import type { ChangeDocument } from '../cli/change/change-document.ts';
import { againArgs, againFlags, TopologyCommand } from '../cli/topology-command.ts';

export default class Rollback extends TopologyCommand {
  static override summary = 'Undo a change that was left in the middle.';

  static override description = [
    'Looks at what is there now, plans the way back to who followed whom before the change, and runs it. Where the new master has taken writes already, the way back is a promotion of the old one that keeps them.',
    'Where the old master was dead and another node has taken over, there is no way back that loses nothing, and it is refused: the way is forward (repl resume), then the old master back (repl rejoin), then repl promote.',
    'Where neither way can be gone, --as-is ends the change where it is: writes and PINGs that it still holds are released, and nobody is moved.',
    'Only for changes that were not finished: to undo one that was, make the opposite change.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> rollback',
    '<%= config.bin %> rollback --yes',
    '<%= config.bin %> rollback --as-is',
  ];

  static override args = againArgs;

  static override flags = {
    ...againFlags,
    'as-is': Flags.boolean({
      description: 'end the change with everybody where they are now',
    }),
  };

  async run(): Promise<ChangeDocument> {
    const { args, flags } = await this.parse(Rollback);
    return this.takeUp(flags, args.id, flags['as-is'] ? 'leave' : 'rollback');
  }
}
