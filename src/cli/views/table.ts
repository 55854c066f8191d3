/** Columns of text, aligned with two spaces between them. Used by the views. */

/** A column appears only when one of its cells differs from `hiddenWhen` (if that is given). */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** The ordinary value; a column with nothing else is left out. */
  readonly hiddenWhen?: string;
}

/** The lines: titles, then one per row. `finish` may colour a whole line after it was aligned. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  finish: { title: (line: string) => string; row: (line: string, row: Row) => string },
): string[] {
  const shown = columns
    .map((column) => ({ ...column, cells: rows.map(column.cell) }))
    .filter(({ cells, hiddenWhen }) => cells.some((cell) => cell !== hiddenWhen));
  const widths = shown.map(({ title, cells }) => Math.max(...[title, ...cells].map(widthOf)));
  const join = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => pad(cell, widths[index]))
      .join('  ')
      .trimEnd();
  const titleLine = finish.title(join(shown.map(({ title }) => title)));
  return [
    titleLine,
    ...rows.map((row, index) => finish.row(join(shown.map(({ cells }) => cells[index])), row)),
  ];
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Characters, not UTF-16 units. */
function widthOf(text: string): number {
  return Array.from(text).length;
}
