import type { ResultOf } from '../api/graphql.ts';
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
  const given = search.get('state');
  const { data, failure } = useQuery(runsDocument, {
    flow: search.get('flow'),
    state: states.find((state) => state === given) ?? null,
    after: search.get('after'),
  });
  return (
    <Page title="Flows">
      <FilterBar label="Filter flows">
        <ChooseFilter
          name="state"
          label="State"
          options={['any', ...states]}
          initial="any"
        />
        <TextFilter name="flow" label="Flow" />
      </FilterBar>
      <div className="stack">
        <Failure failure={failure} />
        {data && (
          <Panel title="Runs" aside="newest first">
            <Table
              caption="Runs of flows"
              columns={columns}
              rows={data.flowRuns.items}
              keyOf={({ id }) => id}
              empty="No run is as the filter says."
            />
            <Pager next={data.flowRuns.next} />
          </Panel>
        )}
      </div>
    </Page>
  );
};
