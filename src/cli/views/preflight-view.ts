/**
 * What the preflight answered, as a table: what is in order in one row per check, everything else
 * with what was found and the next command. Pure: data → text. Used by the change engine.
 *
 *     CHECK        ANSWER  ABOUT        FOUND                             NEXT
 *     login        no      6379 → 6380  6380 does not accept our password redis-cli …
 *     permissions  yes     3 answers
 */
import type { CheckResult } from '../../topology/plan/preflight.ts';
import type { Paint } from './paint.ts';
import { renderTable, type Column } from './table.ts';

interface Row {
  readonly check: string;
  readonly answer: CheckResult['answer'];
  readonly about: string;
  readonly found: string;
  readonly next: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'CHECK', cell: ({ check }) => check },
  { title: 'ANSWER', cell: ({ answer }) => answer },
  { title: 'ABOUT', cell: ({ about }) => about },
  { title: 'FOUND', cell: ({ found }) => found },
  { title: 'NEXT', cell: ({ next }) => next, hiddenWhen: '' },
];

const colours = { yes: 'green', no: 'red', unknown: 'yellow' } as const;

export function renderPreflight(results: readonly CheckResult[], paint: Paint): string {
  const lines = renderTable(columns, rowsOf(results), {
    title: (line) => paint('dim', line),
    row: (line, { answer }) => (answer === 'yes' ? line : paint(colours[answer], line)),
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** The yeses of one check are one row: who wants to read thirty of them? */
function rowsOf(results: readonly CheckResult[]): Row[] {
  const names = [...new Set(results.map(({ check }) => check))];
  return names.flatMap((check) => {
    const own = results.filter((each) => each.check === check);
    const fine = own.filter(({ answer }) => answer === 'yes');
    const others = own.filter(({ answer }) => answer !== 'yes');
    return [...(fine.length > 0 ? [yesRow(check, fine)] : []), ...others.map(otherRow)];
  });
}

function yesRow(check: string, fine: readonly CheckResult[]): Row {
  const [only] = fine;
  return fine.length === 1
    ? otherRow(only)
    : { check, answer: 'yes', about: `all ${fine.length} asked`, found: only.found, next: '' };
}

function otherRow({ check, answer, about, found, next = '' }: CheckResult): Row {
  return { check, answer, about, found, next };
}
