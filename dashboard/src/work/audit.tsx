import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { Failure } from '../parts/failure.tsx';
import { Pager } from '../parts/filters.tsx';
import { inWords } from '../parts/in-words.ts';
import { Page, Panel } from '../parts/page.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Moment } from '../parts/time.tsx';
import { useSearch } from '../router.tsx';

const actionsDocument = graphql(`
  query OperatorActions($after: ID) {
    operatorActions(first: 50, after: $after) {
      items {
        id
        action
        actor
        reason
        filter
        counts
        createdAt
      }
      next
    }
  }
`);

type Action = ResultOf<
  typeof actionsDocument
>['operatorActions']['items'][number];

const columns: readonly Column<Action>[] = [
  { name: 'When', show: ({ createdAt }) => <Moment at={createdAt} /> },
  { name: 'Who', show: ({ actor }) => actor },
  { name: 'What', show: ({ action }) => action },
  { name: 'Of what', kind: 'wide', show: ({ filter }) => inWords(filter) },
  { name: 'How many', show: ({ counts }) => inWords(counts) },
  { name: 'Why', show: ({ reason }) => reason ?? '–' },
];

/** What operators did. The database lets nobody change it. */
export const Audit = () => {
  const [search] = useSearch();
  const { data, failure } = useQuery(
    actionsDocument,
    { after: search.get('after') },
    15_000,
  );
  return (
    <Page title="Audit log">
      <div className="stack">
        <Failure failure={failure} />
        {data && (
          <Panel title="What operators did" aside="newest first">
            <Table
              caption="Audit log"
              columns={columns}
              rows={data.operatorActions.items}
              keyOf={({ id }) => id}
              empty="Nobody has done anything yet."
            />
            <Pager next={data.operatorActions.next} />
          </Panel>
        )}
      </div>
    </Page>
  );
};
