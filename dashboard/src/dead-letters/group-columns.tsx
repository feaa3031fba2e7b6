import { count } from '../parts/format.ts';
import type { Column } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { Link } from '../router.tsx';

/** Equal faults of a subscription or queue. */
export interface Group {
  readonly subscription: string;
  readonly fingerprint: string;
  readonly state: string;
  readonly entries: number;
  readonly error: string;
  readonly lastSeenAt: string;
}

/** The address of the entries of a group. */
export const groupPath = ({
  subscription,
  fingerprint,
  state,
}: Pick<Group, 'subscription' | 'fingerprint' | 'state'>): string => {
  const search = new URLSearchParams({
    ...(state !== 'open' && { state }),
    subscription,
    fingerprint,
  });
  return `/dead-letters?${search}`;
};

/** Columns of every list of groups. */
export const groupColumns = {
  entries: {
    name: 'Entries',
    kind: 'number',
    show: ({ entries }) => count(entries),
  },
  where: { name: 'Where', show: ({ subscription }) => subscription },
  error: {
    name: 'Error of the newest',
    kind: 'wide',
    show: (group) => (
      <Link className="clamp" to={groupPath(group)}>
        {group.error}
      </Link>
    ),
  },
  last: {
    name: 'Last',
    kind: 'nowrap',
    show: ({ lastSeenAt }) => <Ago at={lastSeenAt} />,
  },
} as const satisfies Readonly<Record<string, Column<Group>>>;
