import type { EntityManager } from 'typeorm';

import type { Holder } from '../port.ts';
import { wakeUpChannel } from '../wake-up.ts';
import { prepared } from './prepared.ts';

/**
 * Gives back what a claimer owns without knowing it, because the reply to its claim was lost with the connection. It has
 * not begun: no attempt is counted.
 *
 * @returns how many
 */
export const giveBack = async (
  manager: EntityManager,
  { queue, worker, held }: Holder,
): Promise<number> => {
  const rows = await prepared<unknown>(
    manager,
    `with given as (
       update job set
         state = case when rerun then 'failed' else 'pending' end,
         failed_at = case when rerun then clock_timestamp() end,
         attempt = attempt - 1, lease_until = null
       where queue = $1 and state = 'running' and worker = $2 and cancelled_at is null and id <> all($3::uuid[])
       returning id
     ), told as (
       select pg_notify('${wakeUpChannel}', $1) from given limit 1
     )
     select id, (select count(*) from told) from given`,
    [queue, worker, held],
  );
  return rows.length;
};
