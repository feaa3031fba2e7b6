import type { ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { Confirmed } from '../parts/confirm.tsx';
import { Failure } from '../parts/failure.tsx';
import { count } from '../parts/format.ts';
import { inWords } from '../parts/in-words.ts';
import { Page, Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Moment } from '../parts/time.tsx';
import { Link } from '../router.tsx';
import { useRight } from '../session/operator.ts';
import {
  actionDocument,
  type BulkAction as Action,
  cancelDocument,
} from './documents.ts';
import { Progress } from './progress.tsx';
import { things, words } from './words.ts';

type Trouble = ResultOf<
  typeof actionDocument
>['bulkAction']['troubles'][number];

const columns = (path: string): readonly Column<Trouble>[] => [
  { name: 'How many', kind: 'number', show: ({ items }) => count(items) },
  { name: 'What', show: ({ outcome }) => <State is={outcome} /> },
  { name: 'Why', kind: 'wide', show: ({ detail }) => detail || '–' },
  {
    name: 'One of them',
    show: ({ example }) => (
      <Link to={`${path}/${example}`}>
        <span className="id">{example.slice(-12)}</span>
      </Link>
    ),
  },
];

const Facts = ({ action }: { readonly action: Action }) => (
  <dl className="facts">
    <dt>State</dt>
    <dd>
      <State is={action.state} />
    </dd>
    <dt>Of what</dt>
    <dd>{inWords(action.filter)}</dd>
    <dt>Who</dt>
    <dd>{action.actor}</dd>
    <dt>Why</dt>
    <dd>{action.reason}</dd>
    <dt>Rate</dt>
    <dd>{count(action.rate)} a second</dd>
    <dt>Began</dt>
    <dd>
      <Moment at={action.createdAt} />
    </dd>
    <dt>Ended</dt>
    <dd>
      <Moment at={action.endedAt} />
    </dd>
    {action.jobId !== null && (
      <>
        <dt>Begun by</dt>
        <dd>
          <Link to={`/jobs/${action.jobId}`}>its first job</Link>
        </dd>
      </>
    )}
  </dl>
);

const rightOf = {
  redriveDeadLetters: 'redrive',
  resolveDeadLetters: 'resolve',
  retryJobs: 'jobs',
  cancelJobs: 'jobs',
  retryFlows: 'flows',
  cancelFlows: 'flows',
} as const;

const Cancel = ({
  action: { id, kind, left },
  onDone,
}: {
  readonly action: Action;
  readonly onDone: () => void;
}) =>
  useRight(rightOf[kind]) ? (
    <Confirmed
      name="Cancel the action"
      title="Cancel this action"
      says={`What is in hand is finished; ${things(kind, left)} ${left === 1 ? 'is' : 'are'} left alone. What was done stays so.`}
      document={cancelDocument}
      variables={{ id }}
      onDone={onDone}
    />
  ) : null;

const often = 2_000;

/** One action: how far it is, and why things did not come through. */
export const BulkAction = ({ id }: { readonly id: string }) => {
  const { data, failure, refresh } = useQuery(actionDocument, { id }, often);
  const { action, troubles } = data?.bulkAction ?? {};
  return (
    <Page
      title={
        action
          ? `${words[action.kind].does} ${things(action.kind, action.total)}`
          : 'Bulk action'
      }
      above={{ to: '/bulk-actions', name: 'Bulk actions' }}
      aside={
        action?.state === 'running' && (
          <Cancel action={action} onDone={refresh} />
        )
      }
    >
      <div className="stack">
        <Failure failure={failure} />
        {action && troubles && (
          <>
            <Panel title="How far it is">
              <Progress action={action} />
            </Panel>
            <Panel title="What it is">
              <Facts action={action} />
            </Panel>
            <Panel
              title="What did not come through"
              aside="by the reason, the most first"
            >
              <Table
                caption="What did not come through"
                columns={columns(words[action.kind].path)}
                rows={troubles}
                keyOf={({ outcome, detail }) => `${outcome} ${detail}`}
                empty="Nothing so far."
              />
            </Panel>
          </>
        )}
      </div>
    </Page>
  );
};
