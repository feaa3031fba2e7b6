import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { Confirmed } from '../parts/confirm.tsx';
import { Facts } from '../parts/facts.tsx';
import { Failure } from '../parts/failure.tsx';
import { duration } from '../parts/format.ts';
import { Page, Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Moment } from '../parts/time.tsx';
import { Link } from '../router.tsx';
import { useRight } from '../session/operator.ts';
import { runDocument } from './schedules.tsx';

const scheduleDocument = graphql(`
  query Schedule($name: String!) {
    schedule(name: $name) {
      schedule {
        name
        cron
        timezone
        jobs
        last
        next
      }
      past {
        at
        jobs {
          job
          id
          state
          startedAt
          finishedAt
          error
        }
      }
      next
    }
  }
`);

type Tick = ResultOf<typeof scheduleDocument>['schedule']['past'][number];
type JobOfTick = Tick['jobs'][number];

const tookOf = ({ startedAt, finishedAt }: JobOfTick): string =>
  startedAt !== null && finishedAt !== null
    ? ` in ${duration((Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000)}`
    : '';

const columns: readonly Column<Tick>[] = [
  { name: 'Tick', kind: 'nowrap', show: ({ at }) => <Moment at={at} /> },
  {
    name: 'Jobs',
    kind: 'wide',
    show: ({ jobs }) =>
      jobs.length === 0 ? (
        <span className="quiet">nothing was created</span>
      ) : (
        <ul className="plain-list">
          {jobs.map((job) => (
            <li key={job.id}>
              <Link to={`/jobs/${job.id}`}>{job.job}</Link>{' '}
              <State is={job.state ?? 'deleted by retention'} />
              <span className="quiet">{tookOf(job)}</span>
              {job.error !== null && ` ${job.error}`}
            </li>
          ))}
        </ul>
      ),
  },
];

/** One schedule: when it comes next, and what became of its last ticks. */
export const Schedule = ({ name }: { readonly name: string }) => {
  const { data, failure, refresh } = useQuery(
    scheduleDocument,
    { name },
    15_000,
  );
  const mayRun = useRight('schedules');
  const found = data?.schedule;
  return (
    <Page
      title={name}
      above={{ to: '/schedules', name: 'Schedules' }}
      aside={
        mayRun &&
        found && (
          <Confirmed
            name="Run now"
            title={`Run ${name} now`}
            says={`Creates its jobs at once: ${found.schedule.jobs.join(', ')}. Its next tick comes as if nothing had been.`}
            document={runDocument}
            variables={{ name }}
            onDone={refresh}
          />
        )
      }
    >
      <div className="stack">
        <Failure failure={failure} />
        {found && (
          <>
            <Panel title="The schedule">
              <Facts
                of={[
                  [
                    'When',
                    <>
                      <code>{found.schedule.cron}</code>{' '}
                      <span className="quiet">{found.schedule.timezone}</span>
                    </>,
                  ],
                  ['Jobs', found.schedule.jobs.join(', ')],
                  [
                    'Next ticks',
                    <ul className="plain-list">
                      {found.next.map((at) => (
                        <li key={at}>
                          <Moment at={at} />
                        </li>
                      ))}
                    </ul>,
                  ],
                ]}
              />
            </Panel>
            <Panel title="Last ticks" aside="newest first">
              <Table
                caption="Last ticks"
                columns={columns}
                rows={found.past}
                keyOf={({ at }) => at}
                empty="It has not ticked yet."
              />
            </Panel>
          </>
        )}
      </div>
    </Page>
  );
};
