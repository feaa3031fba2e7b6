import { count, duration } from '../parts/format.ts';
import { Panel } from '../parts/page.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Link } from '../router.tsx';
import type { Overview } from './document.ts';

type Flow = Overview['flows'][number];

const runs = (
  name: string,
  state: 'running' | 'paused' | 'failed',
): Column<Flow> => ({
  name,
  kind: 'number',
  show: (row) =>
    row[state] > 0 ? (
      <Link to={`/flows?${new URLSearchParams({ flow: row.flow, state })}`}>
        {count(row[state])}
      </Link>
    ) : (
      '0'
    ),
});

const columns: readonly Column<Flow>[] = [
  { name: 'Flow', show: ({ flow }) => flow },
  runs('Runs going on', 'running'),
  runs('Paused', 'paused'),
  runs('Failed', 'failed'),
  {
    name: 'Tasks at work',
    kind: 'number',
    show: ({ tasksRunning, tasksQueued }) => count(tasksRunning + tasksQueued),
  },
  {
    name: 'Tasks waiting',
    kind: 'number',
    show: ({ tasksWaiting }) => count(tasksWaiting),
  },
  {
    name: 'Done in 1 h',
    kind: 'number',
    show: ({ completed }) => count(completed),
  },
  {
    name: 'Most took',
    kind: 'number',
    show: ({ median, p95 }) =>
      median === null ? '–' : `${duration(median)}, ${duration(p95)}`,
  },
];

/** What runs and waits in each flow. */
export const Flows = ({ flows }: { readonly flows: readonly Flow[] }) => (
  <Panel
    title="Flows"
    aside="waiting: for a signal, a time or a child; took: p50, p95 of the last hour"
  >
    <Table
      caption="Flows"
      columns={columns}
      rows={flows}
      keyOf={({ flow }) => flow}
      empty="No run of a flow goes on, or ended in the last hour."
    />
  </Panel>
);
