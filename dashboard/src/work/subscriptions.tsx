import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { count, duration } from '../parts/format.ts';
import { State } from '../parts/state.tsx';
import type { Column } from '../parts/table.tsx';
import { TablePage } from '../parts/table-page.tsx';
import { Link } from '../router.tsx';
import { usePauses } from './subscription-pause.tsx';

const subscriptionsDocument = graphql(`
  query Subscriptions {
    overview {
      subscriptions {
        name
        topic
        backlog
        outstanding
        oldestUnackedSeconds
        deliveryAttemptsMax
        deadLettered
        receivers
      }
      subscriptionsUnknown
    }
  }
`);

type Subscription = NonNullable<
  ResultOf<typeof subscriptionsDocument>['overview']['subscriptions']
>[number];

const columns = (
  pauses: ReadonlyMap<string, unknown>,
): readonly Column<Subscription>[] => [
  {
    name: 'Subscription',
    show: ({ name }) => (
      <Link to={`/subscriptions/${encodeURIComponent(name)}`}>{name}</Link>
    ),
  },
  { name: 'Topic', show: ({ topic }) => topic },
  { name: 'Backlog', kind: 'number', show: ({ backlog }) => count(backlog) },
  {
    name: 'Held',
    kind: 'number',
    show: ({ outstanding }) => count(outstanding),
  },
  {
    name: 'Oldest',
    kind: 'number',
    show: ({ backlog, oldestUnackedSeconds }) =>
      backlog > 0 ? duration(oldestUnackedSeconds) : '–',
  },
  {
    name: 'Deliveries at most',
    kind: 'number',
    show: ({ backlog, deliveryAttemptsMax }) =>
      backlog > 0 ? count(deliveryAttemptsMax) : '–',
  },
  {
    name: 'Given up by the broker',
    kind: 'number',
    show: ({ deadLettered }) => count(deadLettered),
  },
  {
    name: 'Receivers',
    kind: 'number',
    show: ({ name, receivers }) =>
      pauses.has(name) ? (
        <State is="paused" />
      ) : receivers > 0 ? (
        count(receivers)
      ) : (
        <span className="bad">0</span>
      ),
  },
];

/** Every subscription of the broker; a name leads to the whole of it. */
export const Subscriptions = () => {
  const { data, failure } = useQuery(subscriptionsDocument, {});
  const { pauses } = usePauses();
  const { subscriptions, subscriptionsUnknown } = data?.overview ?? {};
  return (
    <TablePage
      title="Subscriptions"
      name="Every subscription of the broker"
      columns={columns(pauses)}
      rows={subscriptions}
      instead={subscriptionsUnknown}
      failure={failure}
      keyOf={({ name }) => name}
      empty="The broker has no subscriptions; nightshift provision makes the declared ones."
    />
  );
};
