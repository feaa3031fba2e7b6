import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { chosen, StateFilter } from '../parts/filters.tsx';
import { count } from '../parts/format.ts';
import { ListPage } from '../parts/list-page.tsx';
import { State } from '../parts/state.tsx';
import type { Column } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { Link, useSearch } from '../router.tsx';

const endpointsDocument = graphql(`
  query WebhookEndpoints($state: WebhookEndpointState, $after: ID) {
    webhookEndpoints(state: $state, after: $after) {
      items {
        id
        userId
        url
        state
        disabledReason
        consecutiveFailures
        failingSince
        createdAt
      }
      next
    }
  }
`);

type Endpoint = ResultOf<
  typeof endpointsDocument
>['webhookEndpoints']['items'][number];

const states = ['enabled', 'failing', 'disabled'] as const;

const columns: readonly Column<Endpoint>[] = [
  {
    name: 'Address',
    show: ({ id, url }) => (
      <Link
        className="break"
        to={`/webhooks/deliveries?${new URLSearchParams({ endpoint: id })}`}
      >
        {url}
      </Link>
    ),
  },
  { name: 'State', show: ({ state }) => <State is={state} /> },
  {
    name: 'Failed in a row',
    kind: 'number',
    show: ({ consecutiveFailures }) => count(consecutiveFailures),
  },
  {
    name: 'Failing since',
    kind: 'nowrap',
    show: ({ failingSince }) => <Ago at={failingSince} />,
  },
  {
    name: 'Why disabled',
    show: ({ disabledReason }) => disabledReason ?? '–',
  },
  {
    name: 'Of the user',
    kind: 'nowrap',
    show: ({ userId }) => <span className="id">{userId.slice(-12)}</span>,
  },
  {
    name: 'Created',
    kind: 'nowrap',
    show: ({ createdAt }) => <Ago at={createdAt} />,
  },
];

/** Where people want to hear of events; an address leads to what was sent there. */
export const WebhookEndpoints = () => {
  const [search] = useSearch();
  const { data, failure } = useQuery(endpointsDocument, {
    state: chosen(search, 'state', states),
    after: search.get('after'),
  });
  return (
    <ListPage
      title="Webhooks"
      name="Endpoints"
      filters={
        <>
          <StateFilter states={states} />
          <Link className="button" to="/webhooks/deliveries">
            All deliveries
          </Link>
        </>
      }
      columns={columns}
      page={data?.webhookEndpoints}
      failure={failure}
      empty="No endpoint is as the filter says."
    />
  );
};
