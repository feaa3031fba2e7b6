import type { ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { Failure } from '../parts/failure.tsx';
import { Pager } from '../parts/filters.tsx';
import { count } from '../parts/format.ts';
import { inWords } from '../parts/in-words.ts';
import { Page, Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { Link, useSearch } from '../router.tsx';
import { actionsDocument } from './documents.ts';
import { things, words } from './words.ts';

type Action = ResultOf<typeof actionsDocument>['bulkActions']['items'][number];

const columns: readonly Column<Action>[] = [
  {
    name: 'Action',
    show: ({ id, kind, total }) => (
      <Link to={`/bulk-actions/${id}`}>
        {words[kind].does} {things(kind, total)}
      </Link>
    ),
  },
  { name: 'State', show: ({ state }) => <State is={state} /> },
  { name: 'Done', kind: 'number', show: ({ done }) => count(done) },
  { name: 'Failed', kind: 'number', show: ({ failed }) => count(failed) },
  { name: 'Skipped', kind: 'number', show: ({ skipped }) => count(skipped) },
  { name: 'Left', kind: 'number', show: ({ left }) => count(left) },
  { name: 'Of what', kind: 'wide', show: ({ filter }) => inWords(filter) },
  { name: 'Who', show: ({ actor }) => actor },
  { name: 'Why', show: ({ reason }) => reason },
  {
    name: 'Began',
    kind: 'nowrap',
    show: ({ createdAt }) => <Ago at={createdAt} />,
  },
];

/** What operators did to many things at once. */
export const BulkActions = () => {
  const [search] = useSearch();
  const { data, failure } = useQuery(actionsDocument, {
    after: search.get('after'),
  });
  return (
    <Page title="Bulk actions">
      <div className="stack">
        <Failure failure={failure} />
        {data && (
          <Panel title="Actions on many things" aside="newest first">
            <Table
              caption="Bulk actions"
              columns={columns}
              rows={data.bulkActions.items}
              keyOf={({ id }) => id}
              empty="None yet. They begin at the lists of dead letters, jobs and flows: filter, then act on all."
            />
            <Pager next={data.bulkActions.next} />
          </Panel>
        )}
      </div>
    </Page>
  );
};
