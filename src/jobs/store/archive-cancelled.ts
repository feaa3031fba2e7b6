import type { EntityManager } from 'typeorm';

import { wakeUpChannel } from '../wake-up.ts';
import { sameKey } from './look-up.ts';
import { prepared } from './prepared.ts';

/** Jobs moved by one statement. */
const batch = 100;

const archived = (chosen: string, why: string): string => `
  with chosen as materialized (
    ${chosen}
  ), gone as (
    delete from job using chosen where ${sameKey('job', 'chosen', 'id')} returning job.*
  ), archived as (
    insert into jobs_completed (
      id, queue, name, state, priority, tenant, key, payload, error, attempt, attempts, worker, cause,
      traceparent, created_at, run_at, started_at, finished_at
    )
    select id, queue, name, 'cancelled', priority, tenant, key, payload, ${why}, attempt, attempts, worker,
      cause, traceparent, created_at, run_at, started_at, coalesce(cancelled_at, clock_timestamp())
    from gone
  ), told as (
    select pg_notify('${wakeUpChannel}', queue) from (select distinct queue from gone) as woken
  )
  select (select count(*) from gone)::int as moved, (select count(*) from told) as told`;

/** Moves a job that waits into the archive, as cancelled; what stood behind it in its lane goes on. */
export const archiveWaiting = async (
  manager: EntityManager,
  id: string,
  why: string,
): Promise<void> => {
  await prepared(manager, archived('select $1::uuid as id', '$2'), [id, why]);
};

/**
 * Moves jobs that were cancelled while they ran into the archive, once the process that ran them has had its time
 * to hear of it: until then nothing else of their lane begins.
 *
 * @returns how many, at most 100
 */
export const archiveStopped = async (
  manager: EntityManager,
): Promise<number> => {
  const [row] = await prepared<{ moved: number }>(
    manager,
    archived(
      `select id from job
       where state = 'running' and cancelled_at is not null and lease_until < clock_timestamp()
       limit ${batch} for update skip locked`,
      'cancelled_why',
    ),
    [],
  );
  return row?.moved ?? 0;
};
