import type { Queried } from '../api/use-query.ts';
import { Failure } from './failure.tsx';
import { Page, Panel } from './page.tsx';
import { type Column, Table } from './table.tsx';

/** A screen that is one list, read whole. */
export const TablePage = <Row,>({
  title,
  name,
  columns,
  rows,
  instead,
  failure,
  keyOf,
  empty,
}: {
  readonly title: string;
  /** What the list is, such as `Every declared queue`. */
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[] | null | undefined;
  /** Said where there is no list, and why. */
  readonly instead?: string | null | undefined;
  readonly failure: Queried<unknown>['failure'];
  readonly keyOf: (row: Row) => string;
  readonly empty: string;
}) => (
  <Page title={title}>
    <div className="stack">
      <Failure failure={failure} />
      {(rows ?? instead) && (
        <Panel title={name}>
          {rows ? (
            <Table
              caption={title}
              columns={columns}
              rows={rows}
              keyOf={keyOf}
              empty={empty}
            />
          ) : (
            <p>{instead}</p>
          )}
        </Panel>
      )}
    </div>
  </Page>
);
