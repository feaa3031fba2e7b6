import { count, duration } from '../parts/format.ts';
import { Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { type Column, Table } from '../parts/table.tsx';
import type { Overview } from './document.ts';

type Queue = Overview['queues'][number];

const columns: readonly Column<Queue>[] = [
  {
    name: 'Queue',
    show: ({ queue, pausedBy }) => (
      <>
        {queue} {pausedBy !== null && <State is="paused" />}
      </>
    ),
  },
  { name: 'Due', kind: 'number', show: ({ pending }) => count(pending) },
  {
    name: 'Oldest',
    kind: 'number',
    show: ({ pending, oldestDueSeconds }) =>
      pending > 0 ? duration(oldestDueSeconds) : '–',
  },
  { name: 'Later', kind: 'number', show: ({ scheduled }) => count(scheduled) },
  { name: 'Running', kind: 'number', show: ({ running }) => count(running) },
  {
    name: 'Failed',
    kind: 'number',
    show: ({ failed }) =>
      failed > 0 ? <span className="bad">{count(failed)}</span> : '0',
  },
  {
    name: 'Done in 1 h',
    kind: 'number',
    show: ({ completed }) => count(completed),
  },
];

/** What waits, runs and has failed in each queue. */
export const Queues = ({ queues }: { readonly queues: readonly Queue[] }) => (
  <Panel title="Queues">
    <Table
      caption="Queues of jobs"
      columns={columns}
      rows={queues}
      keyOf={({ queue }) => queue}
      empty="No queue has a job, or had one in the last hour."
    />
  </Panel>
);
