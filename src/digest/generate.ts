import type { DataSource, EntityManager } from 'typeorm';

import { triggerTypedEvent } from '../common/typedPubsub.ts';
import type { Logger } from '../logger.ts';

export interface GenerateOptions {
  /** The moment for which digests are due. @default now */
  readonly at?: Date;
  /** Hours after the preferred one in which a digest is still made up for. @default 3 */
  readonly graceHours?: number;
  /** Only counts. @default false */
  readonly dryRun?: boolean;
  /** Subscriptions looked at in one transaction. @default 1000 */
  readonly batchSize?: number;
  /** Ends it between two batches, with the signal's reason; what was planned stays planned. */
  readonly signal?: AbortSignal;
  /** Told after every batch. */
  readonly onProgress?: (progress: Generated) => void;
}

export interface Generated {
  /** Subscriptions looked at. */
  readonly subscriptions: number;
  /** Digests newly planned, each with its event. */
  readonly planned: number;
  /** Subscriptions of people whose time zone Postgres does not know: they get no digest. */
  readonly unknownTimezones: number;
}

interface Row {
  readonly user_id: string;
  readonly period: string | null;
  readonly known: boolean;
}

/**
 * Looks at a page of subscriptions. The hour and the day are the person's own, whatever their clocks
 * do for summer time, and the day begins at the preferred hour, so that the grace of a late one reaches
 * past midnight; the period is null where none is due.
 */
const page = `
  with zones as materialized (select name from pg_timezone_names),
  page as (
    select s.user_id, s.frequency, z.name is not null as known,
      $1::timestamptz at time zone coalesce(z.name, 'UTC')
        - make_interval(hours => s.preferred_hour) as since_preferred
    from digest_subscription s
      join "user" u on u.id = s.user_id
      left join zones z on z.name = u.timezone
    where s.user_id > $2
    order by s.user_id
    limit $3
  )
  select user_id, known,
    case
      when not known
        or extract(hour from since_preferred) > $4
        or frequency = 'workdays' and extract(isodow from since_preferred) > 5
        or frequency = 'weekly' and extract(isodow from since_preferred) <> 1 then null
      when frequency = 'weekly' then to_char(since_preferred, 'IYYY-"W"IW')
      else to_char(since_preferred, 'YYYY-MM-DD')
    end as period
  from page order by user_id`;

/** Of these digests those that nobody has planned before. */
const unplanned = `
  select user_id, period
  from unnest($1::uuid[], $2::text[]) as due (user_id, period)
  where not exists (
    select from digest_send s where s.user_id = due.user_id and s.period = due.period
  )`;

const plan = `
  insert into digest_send (user_id, period)
  select * from unnest($1::uuid[], $2::text[])
  on conflict do nothing returning user_id, period`;

const planBatch = async (
  manager: EntityManager,
  logger: Logger,
  rows: readonly Row[],
  dryRun: boolean,
): Promise<number> => {
  const due = rows.filter(({ period }) => period !== null);
  if (due.length === 0) return 0;
  const planned = await manager.query<{ user_id: string; period: string }[]>(
    dryRun ? unplanned : plan,
    [due.map(({ user_id }) => user_id), due.map(({ period }) => period)],
  );
  if (!dryRun)
    for (const { user_id: userId, period } of planned)
      await triggerTypedEvent(
        logger,
        'api.v1.generate-personalized-digest',
        { userId, period },
        { manager },
      );
  return planned.length;
};

const smallestId = '00000000-0000-0000-0000-000000000000';

/**
 * Plans every digest that is due and not planned yet, each in one commit with its event: run it as
 * often as you like, by as many processes, and each person has one digest a period. Run it every
 * hour, or more often; what an outage missed is made up for within the grace.
 */
export const generateDigests = async (
  con: DataSource,
  logger: Logger,
  options: GenerateOptions = {},
): Promise<Generated> => {
  const {
    at = new Date(),
    graceHours = 3,
    dryRun = false,
    batchSize = 1_000,
    signal,
    onProgress,
  } = options;
  let total: Generated = { subscriptions: 0, planned: 0, unknownTimezones: 0 };
  let after = smallestId;
  for (;;) {
    signal?.throwIfAborted();
    const { rows, planned } = await con.transaction(async (manager) => {
      const rows = await manager.query<Row[]>(page, [
        at,
        after,
        batchSize,
        graceHours,
      ]);
      return { rows, planned: await planBatch(manager, logger, rows, dryRun) };
    });
    total = {
      subscriptions: total.subscriptions + rows.length,
      planned: total.planned + planned,
      unknownTimezones:
        total.unknownTimezones + rows.filter(({ known }) => !known).length,
    };
    const last = rows.at(-1);
    if (last) onProgress?.(total);
    if (!last || rows.length < batchSize) return total;
    after = last.user_id;
  }
};
