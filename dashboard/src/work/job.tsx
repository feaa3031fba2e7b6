import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { Confirmed } from '../parts/confirm.tsx';
import { causalityPath } from '../causality/document.ts';
import { Failure } from '../parts/failure.tsx';
import { Json } from '../parts/json.tsx';
import { Page, Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Ago, Moment } from '../parts/time.tsx';
import { Link } from '../router.tsx';
import { useRight } from '../session/operator.ts';

const jobDocument = graphql(`
  query Job($id: ID!) {
    job(id: $id) {
      job {
        id
        queue
        name
        state
        tenant
        attempt
        attempts
        createdAt
        runAt
        startedAt
        finishedAt
      }
      key
      error
      progress
      progressAt
      result
      history {
        attempt
        worker
        startedAt
        endedAt
        error
        log
      }
      deadLetter
    }
  }
`);

const cancelDocument = graphql(`
  mutation CancelJob($id: ID!, $reason: String) {
    cancelJob(id: $id, reason: $reason)
  }
`);

const waiting = ['scheduled', 'pending'];

/** What can be done with a job as it is. */
const JobActions = ({
  job: { id, name, state },
  onDone,
}: {
  readonly job: Details['job'];
  readonly onDone: () => void;
}) => {
  const may = useRight('jobs');
  // A step of a flow is cancelled with its run.
  if (!may || name.startsWith('flow ')) return null;
  if (!waiting.includes(state) && state !== 'running') return null;
  return (
    <Confirmed
      name="Cancel the job"
      title={`Cancel this ${name}`}
      says={
        state === 'running'
          ? 'It runs. Its handler gets its signal within seconds, and whatever it still does, its end changes nothing; a transactional one is rolled back.'
          : 'It waits, and will never begin.'
      }
      document={cancelDocument}
      variables={{ id }}
      onDone={onDone}
    />
  );
};

type Details = ResultOf<typeof jobDocument>['job'];
type Attempt = Details['history'][number];

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

const Facts = ({ details }: { readonly details: Details }) => {
  const { job, key, error, progress, progressAt, deadLetter } = details;
  return (
    <dl className="facts">
      <dt>State</dt>
      <dd>
        <State is={job.state} />
        {progress !== null &&
          ` ${Math.round(progress * 100)} %${progressAt === null ? '' : `, ${progressAt}`}`}
      </dd>
      <dt>Queue</dt>
      <dd>
        <Link to={`/jobs?${new URLSearchParams({ queue: job.queue })}`}>
          {job.queue}
        </Link>
        {key !== null && `, key ${key}`}
        {job.tenant !== null && `, tenant ${job.tenant}`}
      </dd>
      <dt>Attempt</dt>
      <dd>
        {job.attempt} of {job.attempts}
      </dd>
      <dt>Created</dt>
      <dd>
        <Moment at={job.createdAt} />
      </dd>
      <dt>Due</dt>
      <dd>
        <Moment at={job.runAt} />
      </dd>
      <dt>Began</dt>
      <dd>
        <Moment at={job.startedAt} />
      </dd>
      <dt>Ended</dt>
      <dd>
        <Moment at={job.finishedAt} />
      </dd>
      <dt>Cause</dt>
      <dd>
        <Link className="underlined" to={causalityPath(job.id)}>
          what caused this, and what followed
        </Link>
      </dd>
      <dt>Id</dt>
      <dd className="id">{job.id}</dd>
      {error !== null && (
        <>
          <dt>Error</dt>
          <dd>{error}</dd>
        </>
      )}
      {deadLetter !== null && (
        <>
          <dt>At the desk</dt>
          <dd>
            <Link to={`/dead-letters/${deadLetter}`}>
              its dead letter, to run it again or resolve it
            </Link>
          </dd>
        </>
      )}
    </dl>
  );
};

/** One job: how far it is, and what its attempts met. */
export const Job = ({ id }: { readonly id: string }) => {
  const { data, failure, refresh } = useQuery(jobDocument, { id });
  return (
    <Page
      title={data ? data.job.job.name : 'Job'}
      above={{ to: '/jobs', name: 'Jobs' }}
      aside={data && <JobActions job={data.job.job} onDone={refresh} />}
    >
      <div className="stack">
        <Failure failure={failure} />
        {data && (
          <>
            <Panel title="What it does">
              <Facts details={data.job} />
            </Panel>
            <Panel
              title="Attempts"
              aside="those that failed, or had something to tell"
            >
              <Table
                caption="Attempts"
                columns={columns}
                rows={data.job.history}
                keyOf={({ attempt, startedAt }) => `${attempt} ${startedAt}`}
                empty="Nothing to tell."
              />
            </Panel>
            {data.job.result !== null && (
              <Panel title="Result" aside="what people wrote is hidden">
                <Json value={data.job.result} label="Result as JSON" />
              </Panel>
            )}
          </>
        )}
      </div>
    </Page>
  );
};
