import { useQuery } from '../api/use-query.ts';
import { Failure } from '../parts/failure.tsx';
import { Pager } from '../parts/filters.tsx';
import { count, plural } from '../parts/format.ts';
import { Page, Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { Link, useSearch } from '../router.tsx';
import { Actions } from './actions.tsx';
import {
  type Choice,
  entriesDocument,
  type Filter,
  groupsDocument,
} from './documents.ts';
import { filterOf, Filters } from './filter.tsx';
import { groupColumns } from './group-columns.tsx';
import type { ResultOf } from '../api/graphql.ts';

type Group = ResultOf<
  typeof groupsDocument
>['deadLetterGroups']['groups'][number];
type Entry = ResultOf<typeof entriesDocument>['deadLetters']['items'][number];

const columnsOfGroups: readonly Column<Group>[] = [
  groupColumns.entries,
  { name: 'State', show: ({ state }) => <State is={state} /> },
  groupColumns.where,
  groupColumns.error,
  {
    name: 'First',
    kind: 'nowrap',
    show: ({ firstSeenAt }) => <Ago at={firstSeenAt} />,
  },
  groupColumns.last,
];

const entryColumns: readonly Column<Entry>[] = [
  {
    name: 'Entry',
    kind: 'nowrap',
    show: ({ id }) => (
      <Link to={`/dead-letters/${id}`}>
        <span className="id">{id.slice(-12)}</span>
      </Link>
    ),
  },
  { name: 'State', show: ({ state }) => <State is={state} /> },
  { name: 'Where', show: ({ subscription }) => subscription },
  {
    name: 'Error',
    kind: 'wide',
    show: ({ error }) => <span className="clamp">{error}</span>,
  },
  { name: 'Attempts', kind: 'number', show: ({ attempts }) => count(attempts) },
  { name: 'Redrives', kind: 'number', show: ({ redrives }) => count(redrives) },
  {
    name: 'Last',
    kind: 'nowrap',
    show: ({ lastSeenAt }) => <Ago at={lastSeenAt} />,
  },
];

const Entries = ({ filter }: { readonly filter: Filter }) => {
  const [search] = useSearch();
  const after = search.get('after');
  const { data, failure } = useQuery(entriesDocument, { filter, after });
  const page = data?.deadLetters;
  return (
    <Panel title="Entries" aside="newest first">
      <Failure failure={failure} />
      {page && (
        <Table
          caption="Dead letters"
          columns={entryColumns}
          rows={page.items}
          keyOf={({ id }) => id}
          empty="No entry is as the filter says."
        />
      )}
      {page && <Pager next={page.next} />}
    </Panel>
  );
};

/** Entries that the filter means as actions take them. */
const choiceOf = (filter: Filter): Choice => {
  const isLimited = Object.entries(filter).some(
    ([name, value]) => name !== 'state' && value !== undefined,
  );
  return { ...filter, ...(!isLimited && { all: true }) };
};

/** What failed for good: by its reason, and one by one. */
export const DeadLetters = () => {
  const [search] = useSearch();
  const filter = filterOf(search);
  const { data, failure, refresh } = useQuery(groupsDocument, { filter });
  const groups = data?.deadLetterGroups;
  return (
    <Page
      title="Dead letters"
      aside={
        groups &&
        groups.entries > 0 && (
          <Actions
            what={`${groups.isCapped ? 'more than ' : ''}${plural(groups.entries, 'entry', 'entries')}`}
            choice={choiceOf(filter)}
            isOpen={filter.state === 'open'}
            onDone={refresh}
          />
        )
      }
    >
      <Filters />
      <div className="stack">
        <Failure failure={failure} />
        {groups && (
          <Panel
            title="By their reason"
            aside={
              groups.isCapped
                ? `the newest ${plural(groups.entries, 'entry', 'entries')} that match; there are more`
                : plural(groups.entries, 'entry', 'entries')
            }
          >
            <Table
              caption="Dead letters by their reason"
              columns={columnsOfGroups}
              rows={groups.groups}
              keyOf={({ source, subscription, fingerprint, state }) =>
                `${source} ${subscription} ${fingerprint} ${state}`
              }
              empty={
                filter.state === 'open'
                  ? 'Nothing waits at the desk.'
                  : 'Nothing is as the filter says.'
              }
            />
          </Panel>
        )}
        {groups && groups.entries > 0 && <Entries filter={filter} />}
      </div>
    </Page>
  );
};
