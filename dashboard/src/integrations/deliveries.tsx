import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { chosen, StateFilter, TextFilter } from '../parts/filters.tsx';
import { count, shortened } from '../parts/format.ts';
import { ListPage } from '../parts/list-page.tsx';
import { State } from '../parts/state.tsx';
import type { Column } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { Link, useSearch } from '../router.tsx';

const deliveriesDocument = graphql(`
  query WebhookDeliveries(
    $state: WebhookDeliveryState
    $endpoint: ID
    $after: ID
  ) {
    webhookDeliveries(state: $state, endpoint: $endpoint, after: $after) {
      items {
        id
        url
        eventType
        state
        attempts
        responseStatus
        error
        createdAt
        lastAttemptedAt
      }
      next
    }
  }
`);

type Delivery = ResultOf<
  typeof deliveriesDocument
>['webhookDeliveries']['items'][number];

/** Characters of an address that a list has room for. */
const longestUrl = 36;

const states = ['pending', 'delivered', 'failed'] as const;

const columns: readonly Column<Delivery>[] = [
  {
    name: 'Event',
    kind: 'nowrap',
    show: ({ id, eventType }) => (
      <Link to={`/webhooks/deliveries/${id}`}>{eventType}</Link>
    ),
  },
  { name: 'State', show: ({ state }) => <State is={state} /> },
  {
    name: 'Answer',
    kind: 'number',
    show: ({ responseStatus }) => responseStatus ?? '–',
  },
  { name: 'Attempts', kind: 'number', show: ({ attempts }) => count(attempts) },
  {
    name: 'To',
    kind: 'nowrap',
    // Whole on the page of the delivery.
    show: ({ url }) => shortened(url.replace(/^https?:\/\//, ''), longestUrl),
  },
  {
    name: 'Error',
    kind: 'wide',
    show: ({ error }) => <span className="clamp">{error ?? '–'}</span>,
  },
  {
    name: 'Created',
    kind: 'nowrap',
    show: ({ createdAt }) => <Ago at={createdAt} />,
  },
  {
    name: 'Last attempt',
    kind: 'nowrap',
    show: ({ lastAttemptedAt }) => <Ago at={lastAttemptedAt} />,
  },
];

/** Events on their way to endpoints. */
export const WebhookDeliveries = () => {
  const [search] = useSearch();
  const { data, failure } = useQuery(deliveriesDocument, {
    state: chosen(search, 'state', states),
    endpoint: search.get('endpoint'),
    after: search.get('after'),
  });
  return (
    <ListPage
      title="Webhook deliveries"
      above={{ to: '/webhooks', name: 'Webhooks' }}
      name="Deliveries"
      filters={
        <>
          <StateFilter states={states} />
          <TextFilter name="endpoint" label="Endpoint" placeholder="its id" />
        </>
      }
      columns={columns}
      page={data?.webhookDeliveries}
      failure={failure}
      empty="No delivery is as the filter says."
    />
  );
};
