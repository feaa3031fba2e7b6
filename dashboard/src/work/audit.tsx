import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { inWords } from '../parts/in-words.ts';
import { ListPage } from '../parts/list-page.tsx';
import type { Column } from '../parts/table.tsx';
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
  {
    name: 'When',
    kind: 'nowrap',
    show: ({ createdAt }) => <Moment at={createdAt} />,
  },
  { name: 'Who', show: ({ actor }) => actor },
  { name: 'What', kind: 'nowrap', show: ({ action }) => action },
  { name: 'Of what', show: ({ filter }) => inWords(filter) },
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
    <ListPage
      title="Audit log"
      name="What operators did"
      columns={columns}
      page={data?.operatorActions}
      failure={failure}
      empty="Nobody has done anything yet."
    />
  );
};
