import type { DataSource } from 'typeorm';

/** Asks Postgres, however the asker is connected. Values go in as parameters, never as text. */
export type Query = <Row>(
  sql: string,
  parameters?: readonly unknown[],
) => Promise<Row[]>;

/** The pool as a `Query`. */
export const queryOf =
  (dataSource: Pick<DataSource, 'query'>): Query =>
  <Row>(sql: string, parameters: readonly unknown[] = []) =>
    dataSource.query<Row[]>(sql, [...parameters]);
