/** `repl history [ID]`: the changes that were made, by whom, when, how they ended, what they cost. */
import * as Args from '@oclif/core/args';
import type { HistoryDocument } from '../cli/views/history-view.ts';
import { BaseCommand } from '../cli/base-command.ts';

export default class History extends BaseCommand {
  static override summary = 'List the changes that were made, and how they ended.';

  static override description = [
    'Of the lab, or, where there is none, of the live setups that were changed from this account.',
    'With an ID: every step of that change.',
    '--json prints one document (schema redis-repl/history, version 1).',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> history',
    '<%= config.bin %> history 20261127-110640-3f2a',
  ];

  static override args = { id: Args.string({ description: 'one change, as the list names it' }) };

  async run(): Promise<HistoryDocument> {
    const { args, flags } = await this.parse(History);
    const [{ readRecords, stateDir }, view] = await Promise.all([
      import('../topology/change/journal.ts'),
      import('../cli/views/history-view.ts'),
    ]);
    const lab = await this.labDirIfAny(flags);
    const records = await readRecords(stateDir(lab, process.env));
    if (args.id === undefined) {
      this.write(view.renderHistory(records));
      return view.historyDocument(records);
    }
    const { findRecord } = await import('../cli/change/find-record.ts');
    const record = findRecord(records, args.id);
    this.write(view.renderRecord(record));
    return view.historyDocument([record]);
  }
}
