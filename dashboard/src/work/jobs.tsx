import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
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

/** Jobs of one state. */
export const Jobs = () => {
  const [search] = useSearch();
  const given = search.get('state');
  const state = states.find((known) => known === given) ?? 'running';
  const { data, failure } = useQuery(jobsDocument, {
    state,
    queue: search.get('queue'),
    name: search.get('name'),
    after: search.get('after'),
  });
  return (
    <Page title="Jobs">
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
