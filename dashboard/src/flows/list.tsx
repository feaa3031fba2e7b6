import type { ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { chosen, ChooseFilter, TextFilter } from '../parts/filters.tsx';
import { ListPage } from '../parts/list-page.tsx';
import { State } from '../parts/state.tsx';
import type { Column } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { Link, useSearch } from '../router.tsx';
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
    show: ({ id, flow, version }) => (
      <Link to={`/flows/${id}`}>
        {flow} <span className="quiet">version {version}</span>
      </Link>
    ),
  },
  { name: 'Key', show: ({ key }) => <span className="id">{key}</span> },
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
    kind: 'wide',
    show: ({ reason }) => <span className="clamp">{reason ?? '–'}</span>,
  },
];

/** Runs of flows. */
export const Flows = () => {
  const [search] = useSearch();
  const { data, failure } = useQuery(runsDocument, {
    flow: search.get('flow'),
    state: chosen(search, 'state', states),
    after: search.get('after'),
  });
  return (
    <ListPage
      title="Flows"
      name="Runs of flows"
      filters={
        <>
          <ChooseFilter
            name="state"
            label="State"
            options={['any', ...states]}
            initial="any"
          />
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
