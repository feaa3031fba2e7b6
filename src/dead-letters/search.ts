import type { DataSource, EntityManager } from 'typeorm';

import {
  DeadLetter,
  type DeadLetterSource,
  type DeadLetterState,
} from '../entity/infrastructure/index.ts';
import { DeskTimeoutError, UnknownDeadLetterError } from './errors.ts';
import { conditionOf, type DeadLetterFilter } from './filter.ts';

/** Seconds that a statement on the desk may take. */
const searchSeconds = 30;
const queryCanceled = '57014';

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

/** An entry without what was in the message. */
export type DeadLetterSummary = Omit<
  DeadLetter,
  'payload' | 'document' | 'attributes' | 'errorStack'
>;

/**
 * Runs statements on the desk in one transaction, each of which may take 30 seconds.
 *
 * @throws DeskTimeoutError
 */
export const withinTime = async <Result>(
  con: DataSource,
  work: (manager: EntityManager) => Promise<Result>,
  seconds: number = searchSeconds,
): Promise<Result> => {
  try {
    return await con.transaction(async (manager) => {
      await manager.query(`select set_config('statement_timeout', $1, true)`, [
        String(seconds * 1_000),
      ]);
      return work(manager);
    });
  } catch (error) {
    if ((error as { code?: unknown }).code === queryCanceled)
      throw new DeskTimeoutError(seconds, { cause: error });
    throw error;
  }
};

/** The groups with most entries first. */
export const listGroups = (
  con: DataSource,
  filter: DeadLetterFilter,
  limit: number,
): Promise<DeadLetterGroup[]> => {
  const { sql, parameters } = conditionOf(filter);
  return withinTime(con, (manager) =>
    manager.query(
      `with found as (
        select source, subscription, fingerprint, state,
               count(*)::int as entries, sum(attempts)::float8 as attempts,
               min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at,
               (array_agg(id order by last_seen_at desc, id desc))[1] as example
          from dead_letter where ${sql}
         group by source, subscription, fingerprint, state
         order by entries desc, subscription, fingerprint
         limit $${parameters.length + 1}
      )
      select found.source, found.subscription, found.fingerprint, found.state, found.entries,
             found.attempts, found.first_seen_at as "firstSeenAt",
             found.last_seen_at as "lastSeenAt", found.example, newest.error
        from found join dead_letter newest on newest.id = found.example
       order by found.entries desc, found.subscription, found.fingerprint`,
      [...parameters, limit],
    ),
  );
};

const summaryColumns = `
  id, source, subscription, topic, identity, event_id as "eventId", message_id as "messageId",
  publish_time as "publishTime", ordering_key as "orderingKey", error, fingerprint, attempts,
  redrives, state, state_changed_at as "stateChangedAt", state_changed_by as "stateChangedBy",
  state_reason as "stateReason", forwarded_id as "forwardedId", erased_at as "erasedAt",
  first_seen_at as "firstSeenAt", last_seen_at as "lastSeenAt"`;

/** Single entries, newest first. @param after the last id of the page before. */
export const listEntries = (
  con: DataSource,
  filter: DeadLetterFilter,
  {
    limit,
    after,
  }: { readonly limit: number; readonly after?: string | undefined },
): Promise<DeadLetterSummary[]> => {
  const { sql, parameters } = conditionOf(filter);
  const next = parameters.length + 1;
  return withinTime(con, (manager) =>
    manager.query(
      `select ${summaryColumns} from dead_letter
        where ${sql} and ($${next}::uuid is null or id < $${next})
        order by id desc limit $${next + 1}`,
      [...parameters, after ?? null, limit],
    ),
  );
};

/** How many entries are meant. */
export const countEntries = async (
  con: DataSource,
  filter: DeadLetterFilter,
): Promise<number> => {
  const { sql, parameters } = conditionOf(filter);
  const [row] = await withinTime(con, (manager) =>
    manager.query<{ count: number }[]>(
      `select count(*)::int as count from dead_letter where ${sql}`,
      [...parameters],
    ),
  );
  return row?.count ?? 0;
};

/** The ids of what is meant, in the order in which the messages were published. */
export const selectIds = async (
  con: DataSource,
  filter: DeadLetterFilter,
  limit: number,
): Promise<string[]> => {
  const { sql, parameters } = conditionOf(filter);
  const rows = await withinTime(con, (manager) =>
    manager.query<{ id: string }[]>(
      `select id from dead_letter where ${sql}
        order by publish_time nulls last, id limit $${parameters.length + 1}`,
      [...parameters, limit],
    ),
  );
  return rows.map(({ id }) => id);
};

/** One whole entry. @throws UnknownDeadLetterError */
export const findEntry = async (
  con: DataSource | EntityManager,
  id: string,
): Promise<DeadLetter> => {
  const entry = await con.getRepository(DeadLetter).findOneBy({ id });
  if (entry) return entry;
  throw new UnknownDeadLetterError(id);
};
