import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { Attempts } from '../parts/attempts.tsx';
import { Confirmed } from '../parts/confirm.tsx';
import { causalityPath } from '../causality/document.ts';
import { Facts } from '../parts/facts.tsx';
import { Failure } from '../parts/failure.tsx';
import { Json } from '../parts/json.tsx';
import { Page, Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { Moment } from '../parts/time.tsx';
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
      flowRun
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
  details: {
    job: { id, name, state },
    flowRun,
  },
  onDone,
}: {
  readonly details: Details;
  readonly onDone: () => void;
}) => {
  const may = useRight('jobs');
  // A step of a flow is cancelled with its run.
  if (!may || flowRun !== null) return null;
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

const JobFacts = ({ details }: { readonly details: Details }) => {
  const { job, key, error, progress, progressAt, deadLetter, flowRun } =
    details;
  const reached =
    progress === null
      ? ''
      : ` ${Math.round(progress * 100)} %${progressAt === null ? '' : `, ${progressAt}`}`;
  return (
    <Facts
      of={[
        [
          'State',
          <>
            <State is={job.state} />
            {reached}
          </>,
        ],
        [
          'Queue',
          <>
            <Link to={`/jobs?${new URLSearchParams({ queue: job.queue })}`}>
              {job.queue}
            </Link>
            {key !== null && `, key ${key}`}
            {job.tenant !== null && `, tenant ${job.tenant}`}
          </>,
        ],
        flowRun !== null && [
          'Part of',
          <Link className="underlined" to={`/flows/${flowRun}`}>
            a run of a flow, with which it is cancelled
          </Link>,
        ],
        ['Attempt', `${job.attempt} of ${job.attempts}`],
        ['Created', <Moment at={job.createdAt} />],
        ['Due', <Moment at={job.runAt} />],
        ['Began', <Moment at={job.startedAt} />],
        ['Ended', <Moment at={job.finishedAt} />],
        [
          'Cause',
          <Link className="underlined" to={causalityPath(job.id)}>
            what caused this, and what followed
          </Link>,
        ],
        ['Id', <span className="id">{job.id}</span>],
        error !== null && ['Error', error],
        deadLetter !== null && [
          'At the desk',
          <Link to={`/dead-letters/${deadLetter}`}>
            its dead letter, to run it again or resolve it
          </Link>,
        ],
      ]}
    />
  );
};

/** One job: how far it is, and what its attempts met. */
export const Job = ({ id }: { readonly id: string }) => {
  const { data, failure, refresh } = useQuery(jobDocument, { id });
  return (
    <Page
      title={data ? data.job.job.name : 'Job'}
      above={{ to: '/jobs', name: 'Jobs' }}
      aside={data && <JobActions details={data.job} onDone={refresh} />}
    >
      <div className="stack">
        <Failure failure={failure} />
        {data && (
          <>
            <Panel title="What it does">
              <JobFacts details={data.job} />
            </Panel>
            <Attempts of={data.job.history} />
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
