import type { EntityManager } from 'typeorm';

import type { Claim } from '../port.ts';
import { wakeUpChannel } from '../wake-up.ts';
import { isRunning, lookUp, sameKey } from './look-up.ts';

/** @returns the ids of the jobs given back, as if they had not been claimed but for their fence. */
export const release = async (
  manager: EntityManager,
  claims: readonly Claim[],
): Promise<ReadonlySet<string>> => {
  const rows = await manager.query<{ id: string }[]>(
    `with given as (
       select * from unnest($1::uuid[], $2::int[]) as entry (id, fence)
       where ${lookUp('fence')}
     ), released as (
       update job set
         state = case when rerun then 'failed' else 'pending' end,
         failed_at = case when rerun then clock_timestamp() end,
         attempt = attempt - 1, lease_until = null
       from given
       where ${sameKey('job', 'given', 'id', 'fence')} and ${isRunning}
       returning job.id, job.queue
     ), told as (
       select pg_notify('${wakeUpChannel}', queue) from (select distinct queue from released) as woken
     )
     select id, (select count(*) from told) from released`,
    [claims.map(({ id }) => id), claims.map(({ fence }) => fence)],
  );
  return new Set(rows.map(({ id }) => id));
};
