import type { EntityManager } from 'typeorm';

import type { Enqueued, NewJob } from '../port.ts';
import { wakeUpChannel } from '../wake-up.ts';
import { prepared } from './prepared.ts';
import { rankOf } from './rank.ts';

/**
 * The parts of a statement that write jobs down, for those who do it together with something else. `given`
 * names a part of theirs with a row for each job: the columns of `NewJob`, with `rank`, `place` (its order)
 * and `nth` (1 for the first of its queue, tenant and rank). It has to read `told`, or nobody is woken.
 *
 * `turn` is start-time fair queueing: a tenant's next job takes the place after its last one, but none
 * before the place the queue has reached. So a flood stretches ahead, and whoever comes later
 * is served among its first. It is looked up once a line, not once a job, which is what `materialized` is for.
 *
 * A job is not written if its idempotency key is taken, or if it is there or was there already (a handler
 * that runs again makes the same ids again).
 */
export const enqueueSql = (given: string): string => `
  claimed_key as (
    insert into job_key (name, key, job_id)
    select distinct on (name, "idempotencyKey") name, "idempotencyKey", id from ${given}
    where "idempotencyKey" is not null order by name, "idempotencyKey", place
    on conflict do nothing
    returning job_id
  ), line as materialized (
    select queue, tenant, rank,
      greatest(
        coalesce((
          select turn from job where job.queue = lines.queue and state = 'pending' and turn >= 0 and job.rank = lines.rank
          order by turn limit 1), 0),
        coalesce((
          select turn + 1 from job
          where job.queue = lines.queue and job.tenant = lines.tenant and state = 'pending' and sequence > 0
            and job.rank = lines.rank
          order by turn desc limit 1), 0)
      ) as turn
    from (select distinct queue, tenant, rank from ${given}) as lines
  ), written as (
    insert into job (
      id, queue, name, state, rank, priority, turn, tenant, tier, key, lane, payload, attempts, backoff,
      timeout_seconds, run_at, cause, traceparent
    )
    select id, queue, name, case when "runAt" > now() then 'scheduled' else 'pending' end, rank, priority,
      line.turn + nth - 1, tenant, tier, key, lane, payload, attempts, backoff, "timeoutSeconds",
      coalesce("runAt", now()), cause, traceparent
    from ${given} join line using (queue, tenant, rank)
    where ("idempotencyKey" is null or id in (select job_id from claimed_key))
      and not exists (select from jobs_completed where jobs_completed.id = ${given}.id)
    order by place
    on conflict do nothing
    returning id, queue, state
  ), told as (
    select pg_notify('${wakeUpChannel}', queue) from (
      select distinct queue from written where state = 'pending'
    ) as woken
  )`;

/** The columns of `jobRecord` as `jsonb_to_recordset` reads them. */
export const jobRecordSql = `(
  place int, id uuid, queue text, name text, rank smallint, priority smallint, tenant text, tier text,
  key text, lane text, payload jsonb, attempts int, backoff jsonb, "timeoutSeconds" double precision,
  "runAt" timestamptz, "idempotencyKey" text, cause text, traceparent text
)`;

/** A job as the statements take it. */
export const jobRecord = ({ payload, ...job }: NewJob, place: number) => ({
  ...job,
  place,
  rank: rankOf(job.priority, job.tier),
  tenant: job.tenant ?? '',
  payload: JSON.parse(payload) as unknown,
});

const statement = `
  with given as (
    select entry.*, row_number() over (partition by queue, tenant, rank order by place) as nth
    from jsonb_to_recordset($1) as entry ${jobRecordSql}
  ), ${enqueueSql('given')}
  select id, (select count(*) from told) as told from written`;

const keyHolders = `
  select name, key, job_id from job_key
  where (name, key) in (select * from unnest($1::text[], $2::text[]))`;

/** Writes jobs down in the transaction of `manager`, in their order, and wakes the dispatchers once it commits. */
export const enqueue = async (
  manager: EntityManager,
  jobs: readonly NewJob[],
): Promise<Enqueued[]> => {
  if (jobs.length === 0) return [];
  const written = await prepared<{ id: string }>(manager, statement, [
    JSON.stringify(jobs.map(jobRecord)),
  ]);
  const ids = new Set(written.map(({ id }) => id));
  const keyed = jobs.filter(
    ({ id, idempotencyKey }) => idempotencyKey !== undefined && !ids.has(id),
  );
  const holders = new Map<string, string>();
  if (keyed.length > 0) {
    const rows = await manager.query<
      { name: string; key: string; job_id: string }[]
    >(keyHolders, [
      keyed.map(({ name }) => name),
      keyed.map(({ idempotencyKey }) => idempotencyKey),
    ]);
    for (const row of rows)
      holders.set(JSON.stringify([row.name, row.key]), row.job_id);
  }
  return jobs.map(({ id, name, idempotencyKey }) =>
    // Only the first of those that share an id was created.
    ids.delete(id)
      ? { id, created: true }
      : {
          id: holders.get(JSON.stringify([name, idempotencyKey])) ?? id,
          created: false,
        },
  );
};
