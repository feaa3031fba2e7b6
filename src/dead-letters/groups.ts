import type { DataSource } from 'typeorm';

import type {
  DeadLetterSource,
  DeadLetterState,
} from '../entity/infrastructure/index.ts';
import { conditionOf, type DeadLetterFilter } from './filter.ts';
import { withinTime } from './search.ts';
import { countTallied, isTallied } from './tally.ts';

/** Entries of one subscription and state that failed for the same reason. */
export interface DeadLetterGroup {
  readonly source: DeadLetterSource;
  readonly subscription: string;
  readonly fingerprint: string;
  readonly state: DeadLetterState;
  readonly entries: number;
  readonly attempts: number;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  /** Of the entry that failed last. */
  readonly error: string;
  readonly example: string;
}

export interface DeadLetterGroups {
  /** In all, in groups that are not listed too. */
  readonly entries: number;
  /** Whether only the newest entries were looked at, as many as `entries` says; there are more. */
  readonly isCapped: boolean;
  /** Those with most entries first. */
  readonly groups: readonly DeadLetterGroup[];
}

/** Entries that are looked at where the tally cannot tell: a page is not worth reading all of a large desk. */
const mostLookedAt = 5_000;

/** The first and the last entry of each group of `found`, looked up by an index. */
const withEnds = (found: string): string => `
  select found.source, found.subscription, found.fingerprint, found.state, found.entries, found.attempts,
         oldest.first_seen_at as "firstSeenAt", newest.last_seen_at as "lastSeenAt", newest.id as example,
         newest.error
    from ${found} as found
    cross join lateral (
      select id, error, last_seen_at from dead_letter as entry
       where entry.subscription = found.subscription and entry.fingerprint = found.fingerprint
         and entry.state = found.state and entry.source = found.source
       order by last_seen_at desc, id desc limit 1
    ) as newest
    cross join lateral (
      select first_seen_at from dead_letter as entry
       where entry.subscription = found.subscription and entry.fingerprint = found.fingerprint
         and entry.state = found.state and entry.source = found.source
       order by id limit 1
    ) as oldest
   order by found.entries desc, found.subscription, found.fingerprint, found.state`;

const talliedSql = (condition: string, limit: string): string =>
  withEnds(`(
    select source, subscription, fingerprint, state, sum(entries)::int as entries, sum(attempts)::float8 as attempts
      from dead_letter_tally where ${condition}
     group by source, subscription, fingerprint, state having sum(entries) > 0
     order by entries desc, subscription, fingerprint, state limit ${limit}
  )`);

const lookedAtSql = (
  condition: string,
  order: string,
  limit: string,
): string => `
  with looked as materialized (
    select id, source, subscription, fingerprint, state, attempts, first_seen_at, last_seen_at
      from dead_letter where ${condition} order by ${order} desc limit ${mostLookedAt + 1}
  ), found as (
    select source, subscription, fingerprint, state, count(*)::int as entries, sum(attempts)::float8 as attempts,
           min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at,
           (array_agg(id order by last_seen_at desc, id desc))[1] as example
      from looked group by source, subscription, fingerprint, state
     order by entries desc, subscription, fingerprint, state limit ${limit}
  )
  select found.source, found.subscription, found.fingerprint, found.state, found.entries, found.attempts,
         found.first_seen_at as "firstSeenAt", found.last_seen_at as "lastSeenAt", found.example, newest.error,
         (select count(*)::int from looked) as looked
    from found join dead_letter newest on newest.id = found.example
   order by found.entries desc, found.subscription, found.fingerprint, found.state`;

/** The column whose index leads to the newest of what is meant. */
const newestBy = ({ olderThan, newerThan }: DeadLetterFilter): string =>
  olderThan === undefined && newerThan === undefined ? 'id' : 'last_seen_at';

/**
 * What failed for the same reason. By source, subscription, fingerprint and state it costs the same however many
 * entries there are; by other conditions it looks at the newest 5,000 that meet them.
 *
 * @throws DeskTimeoutError
 */
export const readGroups = async (
  con: DataSource,
  filter: DeadLetterFilter,
  limit: number,
): Promise<DeadLetterGroups> => {
  const { sql, parameters } = conditionOf(filter);
  const last = `$${parameters.length + 1}`;
  return withinTime(con, async (manager) => {
    if (isTallied(filter))
      return {
        entries: await countTallied(manager, filter),
        isCapped: false,
        groups: await manager.query<DeadLetterGroup[]>(talliedSql(sql, last), [
          ...parameters,
          limit,
        ]),
      };
    const rows = await manager.query<(DeadLetterGroup & { looked: number })[]>(
      lookedAtSql(sql, newestBy(filter), last),
      [...parameters, limit],
    );
    const looked = rows[0]?.looked ?? 0;
    return {
      entries: Math.min(looked, mostLookedAt),
      isCapped: looked > mostLookedAt,
      groups: rows.map(({ looked: _, ...group }) => group),
    };
  });
};

/** The groups alone; see `readGroups`. */
export const listGroups = async (
  con: DataSource,
  filter: DeadLetterFilter,
  limit: number,
): Promise<readonly DeadLetterGroup[]> =>
  (await readGroups(con, filter, limit)).groups;
