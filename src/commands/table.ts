/** One column: its title and what stands in it. */
export type Column<Row> = readonly [title: string, cell: (row: Row) => string];

/** Rows below titles, in columns as wide as their widest cell. */
export const table = <Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string => {
  const lines = [
    columns.map(([title]) => title),
    ...rows.map((row) => columns.map(([, cell]) => cell(row))),
  ];
  const widths = columns.map((_, column) =>
    lines.reduce(
      (width, line) => Math.max(width, line[column]?.length ?? 0),
      0,
    ),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};
