import { useQuery } from '../api/use-query.ts';
import { causalityPath } from '../causality/document.ts';
import { Facts } from '../parts/facts.tsx';
import { Failure } from '../parts/failure.tsx';
import { Page, Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Ago, Moment } from '../parts/time.tsx';
import { Link } from '../router.tsx';
import { RunActions } from './actions.tsx';
import { type Run, runDocument, type Step } from './documents.ts';
import { Graph } from './graph.tsx';

const stepColumns: readonly Column<Step>[] = [
  {
    name: 'Step',
    show: ({ name, kind }) => (
      <>
        {name} <span className="quiet">{kind}</span>
      </>
    ),
  },
  { name: 'State', show: ({ state }) => <State is={state} /> },
  {
    name: 'Why',
    kind: 'wide',
    show: ({ why, childRun, jobId }) => (
      <>
        {why ?? '–'}{' '}
        {childRun !== null && (
          <Link className="underlined" to={`/flows/${childRun}`}>
            its run
          </Link>
        )}{' '}
        {jobId !== null && (
          <Link className="underlined" to={`/jobs/${jobId}`}>
            its job
          </Link>
        )}
      </>
    ),
  },
  {
    name: 'Items',
    kind: 'number',
    show: ({ kind, total, done }) =>
      kind === 'map' ? `${done} of ${total}` : '–',
  },
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
];

type Event = Run['timeline'][number];

const eventColumns: readonly Column<Event>[] = [
  { name: 'When', show: ({ at }) => <Moment at={at} /> },
  { name: 'What', show: ({ type }) => type },
  {
    name: 'Step',
    show: ({ step, index }) =>
      step === null
        ? '–'
        : index !== null && index > 0
          ? `${step}, item ${index}`
          : step,
  },
  {
    name: 'Detail',
    kind: 'wide',
    show: ({ detail }) =>
      detail === null ? '–' : <code>{JSON.stringify(detail)}</code>,
  },
];

const RunFacts = ({ run: { run, progress } }: { readonly run: Run }) => (
  <Facts
    of={[
      [
        'State',
        <>
          <State is={run.state} /> {Math.round(progress * 100)} %, {run.done} of{' '}
          {run.steps} steps
          {run.reason !== null && `: ${run.reason}`}
        </>,
      ],
      ['Key', <span className="id">{run.key}</span>],
      ['Began', <Moment at={run.createdAt} />],
      ['Ended', <Moment at={run.endedAt} />],
      [
        'Cause',
        <>
          <span className="id">{run.cause ?? '–'}</span>{' '}
          <Link className="underlined" to={causalityPath(run.id)}>
            what caused this, and what followed
          </Link>
        </>,
      ],
      run.parentRun !== null && [
        'Child of',
        <Link to={`/flows/${run.parentRun}`}>the run that waits for it</Link>,
      ],
      ['Id', <span className="id">{run.id}</span>],
    ]}
  />
);

/** One run of a flow: its graph, why each step waits, and what happened. */
export const FlowRun = ({ id }: { readonly id: string }) => {
  const { data, failure, refresh } = useQuery(runDocument, { id }, 3_000);
  const run = data?.flowRun;
  return (
    <Page
      title={run ? `${run.run.flow}, version ${run.run.version}` : 'Flow'}
      above={{ to: '/flows', name: 'Flows' }}
      aside={run && <RunActions run={run} onDone={refresh} />}
    >
      <div className="stack">
        <Failure failure={failure} />
        {run && (
          <>
            <Panel title="The run">
              <RunFacts run={run} />
            </Panel>
            <Panel title="Graph">
              <Graph run={run} />
            </Panel>
            <Panel title="Steps">
              <Table
                caption="Steps"
                columns={stepColumns}
                rows={run.steps}
                keyOf={({ name }) => name}
                empty="The flow has no steps."
              />
            </Panel>
            <Panel title="Timeline" aside="oldest first">
              <Table
                caption="Timeline"
                columns={eventColumns}
                rows={run.timeline}
                keyOf={(event) => JSON.stringify(event)}
                empty="Nothing has happened yet."
              />
            </Panel>
          </>
        )}
      </div>
    </Page>
  );
};
