import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { BulkButton } from '../bulk/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import {
  ChooseFilter,
  FilterBar,
  Pager,
  TextFilter,
} from '../parts/filters.tsx';
import { Page, Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { Link, useSearch } from '../router.tsx';
import { useRight } from '../session/operator.ts';

const jobsDocument = graphql(`
  query Jobs($state: JobState!, $queue: String, $name: String, $after: ID) {
    jobs(state: $state, queue: $queue, name: $name, after: $after) {
      items {
        id
        queue
        name
        state
        tenant
        attempt
        attempts
        createdAt
        runAt
        finishedAt
      }
      next
    }
  }
`);

type Job = ResultOf<typeof jobsDocument>['jobs']['items'][number];

const states = [
  'running',
  'pending',
  'scheduled',
  'failed',
  'completed',
  'cancelled',
] as const;

const columns: readonly Column<Job>[] = [
  {
    name: 'Job',
    kind: 'nowrap',
    show: ({ id, name }) => (
      <Link to={`/jobs/${id}`}>
        {name} <span className="id quiet">{id.slice(-12)}</span>
      </Link>
    ),
  },
  { name: 'Queue', show: ({ queue }) => queue },
  { name: 'State', show: ({ state }) => <State is={state} /> },
  { name: 'Tenant', show: ({ tenant }) => tenant ?? '–' },
  {
    name: 'Attempt',
    kind: 'number',
    show: ({ attempt, attempts }) => `${attempt} of ${attempts}`,
  },
  {
    name: 'Created',
    kind: 'nowrap',
    show: ({ createdAt }) => <Ago at={createdAt} />,
  },
  { name: 'Due', kind: 'nowrap', show: ({ runAt }) => <Ago at={runAt} /> },
  {
    name: 'Ended',
    kind: 'nowrap',
    show: ({ finishedAt }) => <Ago at={finishedAt} />,
  },
];

/** What can be done with everything that the filter means. */
const JobsActions = ({
  state,
  onDone,
}: {
  readonly state: Job['state'];
  readonly onDone: () => void;
}) => {
  const [search] = useSearch();
  const may = useRight('jobs');
  if (!may || state === 'completed' || state === 'cancelled') return null;
  const queue = search.get('queue');
  const name = search.get('name');
  const common = { queue, name, all: queue === null && name === null };
  return (
    <BulkButton
      what={`these ${state} jobs`}
      target={
        state === 'failed'
          ? { kind: 'retryJobs', choice: common }
          : { kind: 'cancelJobs', choice: { ...common, state } }
      }
      onDone={onDone}
    />
  );
};

/** Jobs of one state. */
export const Jobs = () => {
  const [search] = useSearch();
  const given = search.get('state');
  const state = states.find((known) => known === given) ?? 'running';
  const { data, failure, refresh } = useQuery(jobsDocument, {
    state,
    queue: search.get('queue'),
    name: search.get('name'),
    after: search.get('after'),
  });
  return (
    <Page title="Jobs" aside={<JobsActions state={state} onDone={refresh} />}>
      <FilterBar label="Filter jobs">
        <ChooseFilter
          name="state"
          label="State"
          options={states}
          initial="running"
        />
        <TextFilter name="queue" label="Queue" />
        <TextFilter name="name" label="Job" />
      </FilterBar>
      <div className="stack">
        <Failure failure={failure} />
        {data && (
          <Panel
            title="Jobs"
            aside={
              state === 'completed' || state === 'cancelled'
                ? 'ended last first'
                : 'created last first'
            }
          >
            <Table
              caption="Jobs"
              columns={columns}
              rows={data.jobs.items}
              keyOf={({ id }) => id}
              empty={`No job is ${state}, as far as the filter says.`}
            />
            <Pager next={data.jobs.next} />
          </Panel>
        )}
      </div>
    </Page>
  );
};
