import type { ReactNode } from 'react';

import type { Queried } from '../api/use-query.ts';
import { Failure } from './failure.tsx';
import { FilterBar, Pager } from './filters.tsx';
import { Page, Panel } from './page.tsx';
import { type Column, Table } from './table.tsx';

interface Rows<Row> {
  readonly items: readonly Row[];
  readonly next: string | null;
}

/** A screen that is one list, read in pages, with its filters above. */
export const ListPage = <Row extends { readonly id: string }>({
  title,
  above,
  aside,
  name,
  order = 'newest first',
  filters,
  columns,
  page,
  failure,
  empty,
}: {
  readonly title: string;
  /** The list that this one is of. */
  readonly above?: { readonly to: string; readonly name: string };
  /** What can be done with all of them. */
  readonly aside?: ReactNode;
  /** What the rows are, such as `Exports`. */
  readonly name: string;
  readonly order?: string;
  readonly filters?: ReactNode;
  readonly columns: readonly Column<Row>[];
  readonly page: Rows<Row> | undefined;
  readonly failure: Queried<unknown>['failure'];
  readonly empty: string;
}) => (
  <Page title={title} {...(above && { above })} aside={aside}>
    {filters !== undefined && (
      <FilterBar label={`Filter ${name.toLowerCase()}`}>{filters}</FilterBar>
    )}
    <div className="stack">
      <Failure failure={failure} />
      {page && (
        <Panel title={name} aside={order}>
          <Table
            caption={name}
            columns={columns}
            rows={page.items}
            keyOf={({ id }) => id}
            empty={empty}
          />
          <Pager next={page.next} />
        </Panel>
      )}
    </div>
  </Page>
);
