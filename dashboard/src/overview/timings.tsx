import { count, duration } from '../parts/format.ts';
import { Panel } from '../parts/page.tsx';
import { type Column, Table } from '../parts/table.tsx';
import type { Overview } from './document.ts';

type Timing = Overview['timings'][number];

const names: Readonly<Record<string, string>> = {
  'messages waited': 'Messages waiting for their turn',
  'messages ran': 'Messages being handled',
  'jobs waited': 'Jobs waiting after they were due',
  'jobs ran': 'Jobs running',
};

const columns: readonly Column<Timing>[] = [
  { name: 'How long', show: ({ what, of }) => names[`${what} ${of}`] },
  { name: 'p50', kind: 'number', show: ({ p50 }) => duration(p50) },
  { name: 'p95', kind: 'number', show: ({ p95 }) => duration(p95) },
  { name: 'p99', kind: 'number', show: ({ p99 }) => duration(p99) },
  { name: 'Of', kind: 'number', show: (timing) => count(timing.count) },
];

/** How long most things waited and ran. */
export const Timings = ({
  timings,
  className,
}: {
  readonly timings: readonly Timing[];
  readonly className: string;
}) => (
  <Panel
    title="Waiting and running"
    aside="over the last five minutes"
    className={className}
  >
    <Table
      caption="How long things waited and ran"
      columns={columns}
      rows={timings}
      keyOf={({ what, of }) => `${what} ${of}`}
      empty="Nothing ran."
    />
  </Panel>
);
