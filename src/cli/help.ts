/**
 * `repl --help`: what oclif prints, a picture of the first steps, and the table of exit codes.
 * Loaded by oclif by its file name (see oclif-config.ts).
 */
import { CommandHelp, Help } from '@oclif/core/help';
import { exitCodeTable } from './exit-codes.ts';

/** The summary is the first line already: the description does not begin with it once more. */
class ReplCommandHelp extends CommandHelp {
  protected override description(): string | undefined {
    const { description } = this.command;
    return description === undefined ? undefined : this.wrap(description);
  }
}

export default class ReplHelp extends Help {
  protected override CommandHelpClass = ReplCommandHelp;

  override formatRoot(): string {
    return `${super.formatRoot()}\n\n${this.section('FIRST STEPS', firstSteps)}`;
  }

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    this.log(this.section('EXIT CODES', formatExitCodes()));
    this.log('');
  }
}

const firstSteps = [
  'repl init 6379 6380 6381 --start   a master with two replicas, running here',
  'repl status                        who follows whom, and how far behind',
  'repl stop                          ends them all; repl start brings them back',
].join('\n');

function formatExitCodes(): string {
  return exitCodeTable
    .map(({ code, meaning }) => `${String(code).padStart(3)}  ${meaning}`)
    .join('\n');
}
