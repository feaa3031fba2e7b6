import { rate } from '../parts/format.ts';
import { Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import type { Overview } from './document.ts';

type Process = Overview['processes'][number];

const columns: readonly Column<Process>[] = [
  {
    name: 'Process',
    show: ({ name, host, pid }) => (
      <>
        {name.replace(/^nightshift-/, '')}{' '}
        <span className="quiet">
          {pid} on {host}
        </span>
      </>
    ),
  },
  {
    name: 'State',
    kind: 'nowrap',
    show: ({ silent, seenAt, startedAt }) =>
      silent ? (
        <>
          <State is="silent" /> since <Ago at={seenAt} />
        </>
      ) : (
        <>
          <State is="running" />{' '}
          <span className="quiet">
            since <Ago at={startedAt} />
          </span>
        </>
      ),
  },
  {
    name: 'Messages/s',
    kind: 'number',
    show: ({ rates }) => rate(rates.messages),
  },
  { name: 'Jobs/s', kind: 'number', show: ({ rates }) => rate(rates.jobs) },
  {
    name: 'Failures/s',
    kind: 'number',
    show: ({ rates }) => rate(rates.messagesFailed + rates.jobsFailed),
  },
  {
    name: 'Requests/s',
    kind: 'number',
    show: ({ rates }) => rate(rates.requests),
  },
];

/** Who is there, and how much each does. */
export const Processes = ({
  processes,
}: {
  readonly processes: readonly Process[];
}) => (
  <Panel title="Processes" aside="over the last minute">
    <Table
      caption="Processes"
      columns={columns}
      rows={processes}
      keyOf={({ id }) => id}
      empty="No process has told of itself lately."
    />
  </Panel>
);
