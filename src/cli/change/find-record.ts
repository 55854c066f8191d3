/** Which recorded change is meant: by its id, or the only one that was not finished. */
import { isOpen, type ChangeRecord } from '../../topology/change/change-record.ts';
import { OperatorError } from '../../util/errors.ts';
import { exitCodes } from '../exit-codes.ts';

/** Throws an OperatorError for an id that there is none of. A beginning is enough if it is unique. */
export function findRecord(records: readonly ChangeRecord[], id: string): ChangeRecord {
  const exact = records.find(({ begin }) => begin.id === id);
  const near = records.filter(({ begin }) => begin.id.startsWith(id));
  const found = exact ?? (near.length === 1 ? near[0] : undefined);
  if (found !== undefined) return found;
  throw new OperatorError(
    near.length === 0
      ? `there is no change ${id}`
      : `${id} is the beginning of ${near.length} changes`,
    { hint: 'repl history', exitCode: exitCodes.usage },
  );
}

/** The one to resume or to roll back. Throws an OperatorError when there is none, or several. */
export function findOpenRecord(
  records: readonly ChangeRecord[],
  id: string | undefined,
): ChangeRecord {
  const open = records.filter(isOpen);
  if (id === undefined && open.length === 1) return open[0];
  if (id === undefined) {
    throw new OperatorError(
      open.length === 0
        ? 'no change was left in the middle'
        : `${open.length} changes were left in the middle`,
      {
        ...(open.length === 0 ? {} : { cause: open.map(outline).join('\n') }),
        hint: open.length === 0 ? 'repl history' : `name one: ${open[0].begin.id}`,
        exitCode: open.length === 0 ? exitCodes.failed : exitCodes.usage,
      },
    );
  }
  const record = findRecord(records, id);
  if (isOpen(record)) return record;
  throw new OperatorError(`the change ${record.begin.id} was finished: ${record.outcome}`, {
    hint: 'to undo it make the opposite change; repl history shows it',
  });
}

function outline({ begin }: ChangeRecord): string {
  return `${begin.id}  ${begin.command}`;
}
