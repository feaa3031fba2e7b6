import type { ReactNode } from 'react';

export interface Column<Row> {
  readonly name: string;
  readonly show: (row: Row) => ReactNode;
  /** `number` stands right, `nowrap` in one line, `wide` takes what room there is. */
  readonly kind?: 'number' | 'nowrap' | 'wide';
}

/** Rows under headings; on a narrow screen each row becomes a list of its cells with their names. */
export const Table = <Row,>({
  caption,
  columns,
  rows,
  keyOf,
  empty,
  stale = false,
}: {
  /** What the rows are, for those who hear the page. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Said in place of rows. */
  readonly empty: string;
  readonly stale?: boolean;
}) => {
  if (rows.length === 0) return <p className="quiet">{empty}</p>;
  return (
    // The roles are those of a table; where its display changes, browsers forget them.
    <table role="table" className={stale ? 'stacking stale' : 'stacking'}>
      <caption className="visually-hidden">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ name, kind }) => (
            <th key={name} role="columnheader" scope="col" className={kind}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={keyOf(row)} role="row">
            {columns.map(({ name, kind, show }) => (
              <td key={name} role="cell" className={kind} data-label={name}>
                <span>{show(row)}</span>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
};
