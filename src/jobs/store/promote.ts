import type { EntityManager } from 'typeorm';

import type { Promotion } from '../port.ts';
import { wakeUpChannel } from '../wake-up.ts';
import { sameKey } from './look-up.ts';
import { prepared } from './prepared.ts';

/** Jobs moved by one statement. */
export const promotionBatch = 1_000;

/**
 * Lets scheduled jobs whose time has come join their queues, the longest due first. Each takes the place
 * it would have if it were created now (see `enqueue`), so that what one tenant has scheduled for one time
 * does not keep the others waiting. Those that are tried again were in line before and go where the queue
 * is by now. Several processes may do this at once.
 */
export const promote = async (manager: EntityManager): Promise<Promotion> => {
  const [row] = await prepared<{
    promoted: string;
    next_in_seconds: number | null;
  }>(
    manager,
    `with due as (
       select id, queue, rank, tenant, run_at, attempt > 0 as again from job
       where state = 'scheduled' and run_at <= clock_timestamp()
       order by run_at limit ${promotionBatch}
       for update skip locked
     ), line as materialized (
       select queue, rank, tenant, again, greatest(
         coalesce((
           select turn from job
           where job.queue = lines.queue and job.rank = lines.rank and state = 'pending' and turn >= 0
           order by turn limit 1), 0),
         case when again then 0 else coalesce((
           select turn + 1 from job
           where job.queue = lines.queue and job.tenant = lines.tenant and job.rank = lines.rank
             and state = 'pending' and sequence > 0
           order by turn desc limit 1), 0) end) as turn
       from (select distinct queue, rank, tenant, again from due) as lines
     ), placed as (
       select due.id, line.turn - 1 + row_number() over (
         partition by queue, rank, tenant, again order by due.run_at, due.id) as turn
       from due join line using (queue, rank, tenant, again)
     ), promoted as (
       update job set state = 'pending', turn = placed.turn
       from placed
       where ${sameKey('job', 'placed', 'id')}
       returning job.queue
     ), told as (
       select pg_notify('${wakeUpChannel}', queue) from (select distinct queue from promoted) as woken
     )
     select (select count(*) from promoted) as promoted, (select count(*) from told) as told,
       (select extract(epoch from run_at - clock_timestamp())::float8 from job
        where state = 'scheduled' and run_at > clock_timestamp()
        order by run_at limit 1) as next_in_seconds`,
    [],
  );
  return {
    promoted: Number(row?.promoted ?? 0),
    nextInSeconds: row?.next_in_seconds ?? undefined,
  };
};
