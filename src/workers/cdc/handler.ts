import type { DataSource } from 'typeorm';

import type { Logger } from '../../logger.ts';

/** What became of one row. */
export type RowChange<Row> =
  | { readonly op: 'c'; readonly before: null; readonly after: Row }
  /** `before` is null if the table's replica identity is not FULL. */
  | { readonly op: 'u'; readonly before: Row | null; readonly after: Row }
  | { readonly op: 'd'; readonly before: Row; readonly after: null };

/**
 * Says what follows from a change of a row of one table. What follows is an event of its own, so
 * that a failure repeats only itself; the same change may come again.
 */
export type ChangeHandler<Row> = (
  change: RowChange<Row>,
  con: DataSource,
  logger: Logger,
) => Promise<void>;

/**
 * Whether one of the columns has another value than before. All have in a new or deleted row, and where it
 * is not known what was there before.
 */
export const isChanged = <Row extends object>(
  { before, after }: RowChange<Row>,
  ...columns: readonly [keyof Row & string, ...(keyof Row & string)[]]
): boolean =>
  before === null ||
  after === null ||
  columns.some(
    (column) =>
      JSON.stringify(before[column]) !== JSON.stringify(after[column]),
  );

/** The columns that differ; all of them if it is not known what was there before. */
export const changedColumns = <Row extends object>(
  change: RowChange<Row>,
): (keyof Row & string)[] => {
  const row = change.op === 'd' ? change.before : change.after;
  return (Object.keys(row) as (keyof Row & string)[]).filter((column) =>
    isChanged(change, column),
  );
};
