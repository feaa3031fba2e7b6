import type { EntityManager } from 'typeorm';

import { wakeUpChannel } from '../wake-up.ts';

/** Jobs moved by one statement. */
export const promotionBatch = 1_000;

/**
 * Lets scheduled jobs whose time has come join their queues, the longest due first, at the place the queue
 * has reached. Several processes may do this at once.
 *
 * @returns how many joined, and when the next one is due (`undefined`: none is scheduled).
 */
export const promote = async (
  manager: EntityManager,
): Promise<{
  readonly promoted: number;
  readonly nextAt: Date | undefined;
}> => {
  const [row] = await manager.query<
    { promoted: string; next_at: Date | null }[]
  >(
    `with due as (
       select id, queue, rank from job
       where state = 'scheduled' and run_at <= clock_timestamp()
       order by run_at limit ${promotionBatch}
       for update skip locked
     ), reached as (
       select queue, rank, coalesce((
         select turn from job
         where job.queue = line.queue and job.rank = line.rank and state = 'pending' and turn >= 0
         order by turn limit 1), 0) as turn
       from (select distinct queue, rank from due) as line
     ), promoted as (
       update job set state = 'pending', turn = reached.turn
       from due join reached using (queue, rank)
       where job.id = due.id
       returning job.queue
     ), told as (
       select pg_notify('${wakeUpChannel}', queue) from (select distinct queue from promoted) as woken
     )
     select (select count(*) from promoted) as promoted, (select count(*) from told) as told,
       (select run_at from job where state = 'scheduled' and run_at > clock_timestamp()
        order by run_at limit 1) as next_at`,
  );
  return {
    promoted: Number(row?.promoted ?? 0),
    nextAt: row?.next_at ?? undefined,
  };
};
