import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { chosen, StateFilter } from '../parts/filters.tsx';
import { bytes, count } from '../parts/format.ts';
import { ListPage } from '../parts/list-page.tsx';
import { State } from '../parts/state.tsx';
import type { Column } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { useSearch } from '../router.tsx';

const exportsDocument = graphql(`
  query Exports($state: RequestedExportState, $after: ID) {
    exports(state: $state, after: $after) {
      items {
        id
        userId
        kind
        format
        state
        rows
        bytes
        error
        requestedAt
        finishedAt
        expiresAt
      }
      next
    }
  }
`);

type Export = ResultOf<typeof exportsDocument>['exports']['items'][number];

const states = ['requested', 'running', 'ready', 'failed'] as const;

const columns: readonly Column<Export>[] = [
  {
    name: 'Export',
    show: ({ id, kind, format }) => (
      <>
        {kind} <span className="quiet">as {format}</span>{' '}
        <span className="id quiet">{id.slice(-12)}</span>
      </>
    ),
  },
  { name: 'State', show: ({ state }) => <State is={state} /> },
  {
    name: 'Of the user',
    show: ({ userId }) =>
      userId === null ? (
        'who is gone'
      ) : (
        <span className="id">{userId.slice(-12)}</span>
      ),
  },
  {
    name: 'Rows',
    kind: 'number',
    show: ({ rows }) => (rows === null ? '–' : count(rows)),
  },
  {
    name: 'Size',
    kind: 'number',
    show: ({ bytes: size }) => (size === null ? '–' : bytes(size)),
  },
  {
    name: 'Asked for',
    kind: 'nowrap',
    show: ({ requestedAt }) => <Ago at={requestedAt} />,
  },
  {
    name: 'Ended',
    kind: 'nowrap',
    show: ({ finishedAt }) => <Ago at={finishedAt} />,
  },
  {
    name: 'Deleted',
    kind: 'nowrap',
    show: ({ expiresAt }) => <Ago at={expiresAt} />,
  },
  {
    name: 'Error',
    show: ({ error }) => <span className="clamp">{error ?? '–'}</span>,
  },
];

/** Files that people asked for; they fetch them themselves. */
export const Exports = () => {
  const [search] = useSearch();
  const { data, failure } = useQuery(exportsDocument, {
    state: chosen(search, 'state', states),
    after: search.get('after'),
  });
  return (
    <ListPage
      title="Exports"
      name="Requests"
      filters={<StateFilter states={states} />}
      columns={columns}
      page={data?.exports}
      failure={failure}
      empty="No export is as the filter says."
    />
  );
};
