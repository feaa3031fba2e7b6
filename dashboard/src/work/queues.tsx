import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { Confirmed } from '../parts/confirm.tsx';
import { count, duration } from '../parts/format.ts';
import { State } from '../parts/state.tsx';
import type { Column } from '../parts/table.tsx';
import { TablePage } from '../parts/table-page.tsx';
import { Link } from '../router.tsx';
import { useRight } from '../session/operator.ts';

const queuesDocument = graphql(`
  query Queues {
    queues {
      queue
      concurrency
      attempts
      timeoutSeconds
      strict
      pending
      scheduled
      running
      failed
      completed
      oldestDueSeconds
      pausedBy
    }
  }
`);

const pauseDocument = graphql(`
  mutation PauseQueue($queue: String!, $reason: String) {
    pauseQueue(queue: $queue, reason: $reason)
  }
`);

const resumeDocument = graphql(`
  mutation ResumeQueue($queue: String!, $reason: String) {
    resumeQueue(queue: $queue, reason: $reason)
  }
`);

type Queue = ResultOf<typeof queuesDocument>['queues'][number];

const jobsPath = (queue: string, state: string): string =>
  `/jobs?${new URLSearchParams({ state, queue })}`;

const counted = (
  name: string,
  state: 'pending' | 'scheduled' | 'running' | 'failed' | 'completed',
): Column<Queue> => ({
  name,
  kind: 'number',
  show: (row) =>
    row[state] > 0 ? (
      <Link to={jobsPath(row.queue, state)}>{count(row[state])}</Link>
    ) : (
      '0'
    ),
});

const columnsOf = (
  mayChange: boolean,
  onDone: () => void,
): readonly Column<Queue>[] => [
  {
    name: 'Queue',
    show: ({ queue, strict, pausedBy }) => (
      <>
        {queue}
        {strict && <span className="quiet"> one at a time</span>}{' '}
        {pausedBy !== null && (
          <>
            <State is="paused" />{' '}
            <span className="quiet">by {pausedBy || 'nobody named'}</span>
          </>
        )}
      </>
    ),
  },
  counted('Due', 'pending'),
  {
    name: 'Oldest',
    kind: 'number',
    show: ({ pending, oldestDueSeconds }) =>
      pending > 0 ? duration(oldestDueSeconds) : '–',
  },
  counted('Later', 'scheduled'),
  counted('Running', 'running'),
  counted('Failed', 'failed'),
  counted('Done in 1 h', 'completed'),
  {
    name: 'A process runs',
    kind: 'number',
    show: ({ concurrency }) => count(concurrency),
  },
  {
    name: 'An attempt may take',
    kind: 'number',
    show: ({ timeoutSeconds }) => duration(timeoutSeconds),
  },
  ...(mayChange
    ? [
        {
          name: 'Action',
          show: ({ queue, pausedBy, pending }: Queue) =>
            pausedBy === null ? (
              <Confirmed
                name="Pause"
                title={`Pause the queue ${queue}`}
                says={`No process begins jobs of ${queue} from then on; those that run go on. ${count(pending)} are due now.`}
                document={pauseDocument}
                variables={{ queue }}
                onDone={onDone}
              />
            ) : (
              <Confirmed
                name="Resume"
                title={`Resume the queue ${queue}`}
                says={`Every process begins jobs of ${queue} again at once. ${count(pending)} are due now.`}
                document={resumeDocument}
                variables={{ queue }}
                onDone={onDone}
              />
            ),
        },
      ]
    : []),
];

/** Every queue, and what is in it. */
export const Queues = () => {
  const { data, failure, refresh } = useQuery(queuesDocument, {});
  const mayChange = useRight('queues');
  return (
    <TablePage
      title="Queues"
      name="Every declared queue"
      columns={columnsOf(mayChange, refresh)}
      rows={data?.queues}
      failure={failure}
      keyOf={({ queue }) => queue}
      empty="No queue is declared."
    />
  );
};
