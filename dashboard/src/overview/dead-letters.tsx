import { groupColumns } from '../dead-letters/group-columns.tsx';
import { plural } from '../parts/format.ts';
import { Panel } from '../parts/page.tsx';
import { type Column, Table } from '../parts/table.tsx';
import type { Overview } from './document.ts';

type Group = Overview['deadLetters']['groups'][number];

const columns: readonly Column<Group>[] = [
  groupColumns.entries,
  groupColumns.where,
  groupColumns.error,
  groupColumns.last,
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
