import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { groupColumns } from '../dead-letters/group-columns.tsx';
import { Facts } from '../parts/facts.tsx';
import { Failure } from '../parts/failure.tsx';
import { count, duration } from '../parts/format.ts';
import { Page, Panel } from '../parts/page.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { Link } from '../router.tsx';
import { PauseActions, PauseNotice, usePauses } from './subscription-pause.tsx';

const subscriptionDocument = graphql(`
  query SubscriptionDetails($name: String!) {
    subscriptionDetails(name: $name) {
      name
      topic
      isDeclared
      options {
        name
        declared
        live
        differs
      }
      liveUnknown
      backlog {
        backlog
        outstanding
        oldestUnackedSeconds
        deliveryAttemptsMax
        deadLettered
        receivers
      }
      processes {
        id
        name
        host
        pid
        seenAt
        handled
        failed
        running
        reopenings
      }
      openDeadLetters
      deadLetters {
        source
        subscription
        fingerprint
        state
        entries
        lastSeenAt
        error
      }
    }
  }
`);

type Details = ResultOf<typeof subscriptionDocument>['subscriptionDetails'];

const options: readonly Column<Details['options'][number]>[] = [
  { name: 'Option', show: ({ name }) => name },
  {
    name: 'Declared',
    show: ({ declared }) => <code className="break">{declared ?? '–'}</code>,
  },
  {
    name: 'At the broker',
    show: ({ live, differs }) => (
      <>
        <code className="break">{live ?? '–'}</code>
        {differs && <span className="bad"> differs</span>}
      </>
    ),
  },
];

const processes: readonly Column<Details['processes'][number]>[] = [
  {
    name: 'Process',
    show: ({ name, host, pid }) => (
      <>
        {name}{' '}
        <span className="quiet">
          {pid} on {host}
        </span>
      </>
    ),
  },
  { name: 'Handled', kind: 'number', show: ({ handled }) => count(handled) },
  { name: 'Failed', kind: 'number', show: ({ failed }) => count(failed) },
  { name: 'Running', kind: 'number', show: ({ running }) => count(running) },
  {
    name: 'Streams reopened',
    kind: 'number',
    show: ({ reopenings }) => count(reopenings),
  },
  { name: 'Seen', kind: 'nowrap', show: ({ seenAt }) => <Ago at={seenAt} /> },
];

const groups: readonly Column<Details['deadLetters'][number]>[] = [
  groupColumns.error,
  groupColumns.entries,
  groupColumns.last,
];

const Backlog = ({
  backlog,
}: {
  readonly backlog: NonNullable<Details['backlog']>;
}) => (
  <Facts
    of={[
      ['Waiting', count(backlog.backlog)],
      ['Held by a process', count(backlog.outstanding)],
      [
        'Oldest',
        backlog.backlog > 0 ? duration(backlog.oldestUnackedSeconds) : '–',
      ],
      [
        'Deliveries at most',
        backlog.backlog > 0 ? count(backlog.deliveryAttemptsMax) : '–',
      ],
      ['Given up by the broker', count(backlog.deadLettered)],
      ['Streams and pulls', count(backlog.receivers)],
    ]}
  />
);

/** One subscription: what waits, who serves it, how it is configured, and what failed. */
export const Subscription = ({ name }: { readonly name: string }) => {
  const { data, failure } = useQuery(subscriptionDocument, { name });
  const state = usePauses();
  const found = data?.subscriptionDetails;
  const desk = `/dead-letters?${new URLSearchParams({ subscription: name })}`;
  return (
    <Page
      title={name}
      above={{ to: '/subscriptions', name: 'Subscriptions' }}
      aside={
        found && (
          <>
            <span className="quiet">
              of {found.topic}
              {!found.isDeclared && ', not declared here'}
            </span>
            {found.isDeclared && <PauseActions name={name} state={state} />}
          </>
        )
      }
    >
      <div className="stack">
        <Failure failure={failure} />
        <PauseNotice name={name} pauses={state.pauses} />
        {found && (
          <>
            <Panel title="Backlog">
              {found.backlog ? (
                <Backlog backlog={found.backlog} />
              ) : (
                <p>The broker does not tell of its backlogs.</p>
              )}
            </Panel>
            <Panel title="Processes that serve it" aside="since they started">
              <Table
                caption="Processes"
                columns={processes}
                rows={found.processes}
                keyOf={({ id }) => id}
                empty="No process has told of it in the last minute."
              />
            </Panel>
            <Panel
              title="Dead letters"
              aside={<Link to={desk}>{count(found.openDeadLetters)} open</Link>}
            >
              <Table
                caption="Dead letters"
                columns={groups}
                rows={found.deadLetters}
                keyOf={({ source, fingerprint }) => `${source} ${fingerprint}`}
                empty="Nothing of it waits at the desk."
              />
            </Panel>
            <Panel title="Options" aside={found.liveUnknown}>
              <Table
                caption="Options"
                columns={options}
                rows={found.options}
                keyOf={({ name }) => name}
                empty="Nothing is known of its options."
              />
            </Panel>
          </>
        )}
      </div>
    </Page>
  );
};
