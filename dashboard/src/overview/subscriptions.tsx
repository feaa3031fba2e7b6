import { count, duration, plural } from '../parts/format.ts';
import { Panel } from '../parts/page.tsx';
import { type Column, Table } from '../parts/table.tsx';
import type { Overview } from './document.ts';

type Subscription = NonNullable<Overview['subscriptions']>[number];

const shown = 8;

const columns: readonly Column<Subscription>[] = [
  { name: 'Subscription', show: ({ name }) => name },
  { name: 'Backlog', kind: 'number', show: ({ backlog }) => count(backlog) },
  {
    name: 'Held',
    kind: 'number',
    show: ({ outstanding }) => count(outstanding),
  },
  {
    name: 'Oldest',
    kind: 'number',
    show: ({ oldestUnackedSeconds }) => duration(oldestUnackedSeconds),
  },
  {
    name: 'Receivers',
    kind: 'number',
    show: ({ receivers }) => count(receivers),
  },
];

/** The subscriptions with something to do, the oldest first. */
export const Subscriptions = ({
  overview: { subscriptions, subscriptionsUnknown },
  className,
}: {
  readonly overview: Overview;
  readonly className: string;
}) => {
  const busy = (subscriptions ?? [])
    .filter(({ backlog }) => backlog > 0)
    .sort(
      (one, other) => other.oldestUnackedSeconds - one.oldestUnackedSeconds,
    );
  return (
    <Panel
      title="Subscriptions"
      className={className}
      aside={
        subscriptions &&
        `${plural(busy.length, 'has', 'have')} a backlog, of ${count(subscriptions.length)}`
      }
    >
      {subscriptions ? (
        <Table
          caption="Subscriptions with a backlog"
          columns={columns}
          rows={busy.slice(0, shown)}
          keyOf={({ name }) => name}
          empty="No message waits anywhere."
        />
      ) : (
        <p>{subscriptionsUnknown}</p>
      )}
    </Panel>
  );
};
