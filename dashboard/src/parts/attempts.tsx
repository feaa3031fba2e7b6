import { Panel } from './page.tsx';
import { type Column, Table } from './table.tsx';
import { Ago } from './time.tsx';

interface Attempt {
  readonly attempt: number;
  readonly worker: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly error: string | null;
  readonly log: readonly string[];
}

const columns: readonly Column<Attempt>[] = [
  { name: 'Attempt', kind: 'number', show: ({ attempt }) => attempt },
  { name: 'Process', show: ({ worker }) => worker },
  {
    name: 'Began',
    kind: 'nowrap',
    show: ({ startedAt }) => <Ago at={startedAt} />,
  },
  {
    name: 'Ended',
    kind: 'nowrap',
    show: ({ endedAt }) => <Ago at={endedAt} />,
  },
  {
    name: 'Error or log',
    kind: 'wide',
    show: ({ error, log }) => error ?? (log.join('; ') || '–'),
  },
];

/** Attempts at a job. */
export const Attempts = ({ of }: { readonly of: readonly Attempt[] }) => (
  <Panel title="Attempts" aside="those that failed, or had something to tell">
    <Table
      caption="Attempts"
      columns={columns}
      rows={of}
      keyOf={({ attempt, startedAt }) => `${attempt} ${startedAt}`}
      empty="Nothing to tell."
    />
  </Panel>
);
