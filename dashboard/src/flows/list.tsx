import type { ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { BulkButton } from '../bulk/dialog.tsx';
import { chosen, StateFilter, TextFilter } from '../parts/filters.tsx';
import { ListPage } from '../parts/list-page.tsx';
import { State } from '../parts/state.tsx';
import type { Column } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { Link, useSearch } from '../router.tsx';
import { useRight } from '../session/operator.ts';
import { runsDocument } from './documents.ts';

type Run = ResultOf<typeof runsDocument>['flowRuns']['items'][number];

const states = [
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
] as const;

const columns: readonly Column<Run>[] = [
  {
    name: 'Run',
    kind: 'nowrap',
    show: ({ id, flow, version }) => (
      <Link to={`/flows/${id}`}>
        {flow} <span className="quiet">version {version}</span>
      </Link>
    ),
  },
  {
    name: 'Key',
    kind: 'nowrap',
    show: ({ key }) => <span className="id">{key}</span>,
  },
  { name: 'State', show: ({ state }) => <State is={state} /> },
  {
    name: 'Steps',
    kind: 'number',
    show: ({ done, steps }) => `${done} of ${steps}`,
  },
  {
    name: 'Began',
    kind: 'nowrap',
    show: ({ createdAt }) => <Ago at={createdAt} />,
  },
  {
    name: 'Ended',
    kind: 'nowrap',
    show: ({ endedAt }) => <Ago at={endedAt} />,
  },
  {
    name: 'Reason',
    show: ({ reason }) => <span className="clamp">{reason ?? '–'}</span>,
  },
];

const ended = ['failed', 'cancelled'] as const;
const open = ['running', 'paused'] as const;

/** What can be done with everything that the filter means. */
const RunsActions = ({
  state,
  onDone,
}: {
  readonly state: string;
  readonly onDone: () => void;
}) => {
  const [search] = useSearch();
  const may = useRight('flows');
  if (!may) return null;
  const flow = search.get('flow');
  const choice = { flow, all: flow === null };
  const retried = ended.find((known) => known === state);
  const cancelled = open.find((known) => known === state);
  if (retried)
    return (
      <BulkButton
        what={`these ${retried} runs`}
        target={{ kind: 'retryFlows', choice: { ...choice, state: retried } }}
        onDone={onDone}
      />
    );
  return cancelled ? (
    <BulkButton
      what={`these ${cancelled} runs`}
      target={{ kind: 'cancelFlows', choice: { ...choice, state: cancelled } }}
      onDone={onDone}
    />
  ) : null;
};

/** Runs of flows. */
export const Flows = () => {
  const [search] = useSearch();
  const { data, failure, refresh } = useQuery(runsDocument, {
    flow: search.get('flow'),
    state: chosen(search, 'state', states),
    after: search.get('after'),
  });
  return (
    <ListPage
      title="Flows"
      aside={
        <RunsActions state={search.get('state') ?? 'any'} onDone={refresh} />
      }
      name="Runs of flows"
      filters={
        <>
          <StateFilter states={states} />
          <TextFilter name="flow" label="Flow" />
        </>
      }
      columns={columns}
      page={data?.flowRuns}
      failure={failure}
      empty="No run is as the filter says."
    />
  );
};
