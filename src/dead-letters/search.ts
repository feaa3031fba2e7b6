import type { DataSource, EntityManager } from 'typeorm';

import { DeadLetter } from '../entity/infrastructure/index.ts';
import { DeskTimeoutError, UnknownDeadLetterError } from './errors.ts';
import { conditionOf, type DeadLetterFilter } from './filter.ts';
import { countTallied, isTallied } from './tally.ts';

/** Seconds that a statement on the desk may take: less than a request, so that its end is told. */
const searchSeconds = 20;
const queryCanceled = '57014';

/** An entry without what was in the message. */
export type DeadLetterSummary = Omit<
  DeadLetter,
  'payload' | 'document' | 'attributes' | 'errorStack'
>;

/**
 * Runs statements on the desk in one transaction, each of which may take 20 seconds.
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
  if (isTallied(filter))
    return withinTime(con, (manager) => countTallied(manager, filter));
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
