import * as Args from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.ts';

export default class Start extends BaseCommand {
  static override summary = 'Start nodes of the lab and wait until they answer';
  static override strict = false;
  static override args = { node: Args.string({ description: 'name or port; all nodes without' }) };

  async run(): Promise<unknown> {
    const { flags, argv } = await this.parse(Start);
    const dir = await this.labDir(flags);
    this.write(`${dir} ${String(argv)}\n`);
    return { dir };
  }
}
