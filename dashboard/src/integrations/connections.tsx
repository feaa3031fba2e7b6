import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { chosen, StateFilter } from '../parts/filters.tsx';
import { count } from '../parts/format.ts';
import { ListPage } from '../parts/list-page.tsx';
import { State } from '../parts/state.tsx';
import type { Column } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { Link, useSearch } from '../router.tsx';

const connectionsDocument = graphql(`
  query FeedConnections($state: FeedConnectionState, $after: ID) {
    feedConnections(state: $state, after: $after) {
      items {
        id
        source
        url
        state
        isSyncing
        lastSyncedAt
        nextSyncAt
        lastError
        consecutiveFailures
      }
      next
    }
  }
`);

type Connection = ResultOf<
  typeof connectionsDocument
>['feedConnections']['items'][number];

const states = ['healthy', 'failing', 'disabled'] as const;

const columns: readonly Column<Connection>[] = [
  {
    name: 'Feed',
    show: ({ id, url }) => (
      <Link className="break" to={`/connections/${id}`}>
        {url}
      </Link>
    ),
  },
  { name: 'Posts go to', show: ({ source }) => source },
  {
    name: 'State',
    show: ({ state, isSyncing }) => (
      <>
        <State is={state} /> {isSyncing && <State is="running" />}
      </>
    ),
  },
  {
    name: 'Synced',
    kind: 'nowrap',
    show: ({ lastSyncedAt }) => <Ago at={lastSyncedAt} />,
  },
  {
    name: 'Next',
    kind: 'nowrap',
    show: ({ nextSyncAt }) => <Ago at={nextSyncAt} />,
  },
  {
    name: 'Failed in a row',
    kind: 'number',
    show: ({ consecutiveFailures }) => count(consecutiveFailures),
  },
  {
    name: 'Last error',
    kind: 'wide',
    show: ({ lastError }) => <span className="clamp">{lastError ?? '–'}</span>,
  },
];

/** Feeds whose items become posts. */
export const Connections = () => {
  const [search] = useSearch();
  const { data, failure } = useQuery(connectionsDocument, {
    state: chosen(search, 'state', states),
    after: search.get('after'),
  });
  return (
    <ListPage
      title="Connections"
      name="Feeds"
      filters={<StateFilter states={states} />}
      columns={columns}
      page={data?.feedConnections}
      failure={failure}
      empty="No connection is as the filter says."
    />
  );
};
