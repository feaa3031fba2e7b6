import { groupPath } from '../dead-letters/list.tsx';
import { count, plural } from '../parts/format.ts';
import { Panel } from '../parts/page.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { Link } from '../router.tsx';
import type { Overview } from './document.ts';

type Group = Overview['deadLetters']['groups'][number];

const columns: readonly Column<Group>[] = [
  { name: 'Entries', kind: 'number', show: ({ entries }) => count(entries) },
  { name: 'Where', show: ({ subscription }) => subscription },
  {
    name: 'Error of the newest',
    kind: 'wide',
    show: (group) => (
      <Link className="clamp" to={groupPath(group)}>
        {group.error}
      </Link>
    ),
  },
  {
    name: 'Last',
    kind: 'nowrap',
    show: ({ lastSeenAt }) => <Ago at={lastSeenAt} />,
  },
  {
    name: 'Fingerprint',
    show: ({ fingerprint }) => <span className="id">{fingerprint}</span>,
  },
];

/** What failed for good, by its reason. */
export const DeadLetterGroups = ({
  deadLetters: { open, groups },
}: {
  readonly deadLetters: Overview['deadLetters'];
}) => (
  <Panel
    title="Dead letters"
    aside={open > 0 ? `${plural(open, 'is', 'are')} open` : undefined}
  >
    <Table
      caption="Open dead letters by their reason"
      columns={columns}
      rows={groups}
      keyOf={({ subscription, fingerprint }) =>
        `${subscription} ${fingerprint}`
      }
      empty="Nothing waits at the desk."
    />
  </Panel>
);
