import type { EntityManager } from 'typeorm';

/** Counts one more failure of the handler on a message. @returns how many there are now. */
export const countFailure = async (
  manager: EntityManager,
  subscription: string,
  identity: string,
): Promise<number> => {
  const [row] = await manager.query<{ failures: number }[]>(
    `insert into delivery_failure (subscription, event_id, failures, last_failed_at)
     values ($1, $2, 1, now())
     on conflict (subscription, event_id) do update
       set failures = delivery_failure.failures + 1, last_failed_at = now()
     returning failures`,
    [subscription, identity],
  );
  return row?.failures ?? 1;
};

/** Forgets the failures on a message that is settled. @returns how many there were. */
export const forgetFailures = async (
  manager: EntityManager,
  subscription: string,
  identity: string,
): Promise<number> => {
  const [rows] = await manager.query<[{ failures: number }[], number]>(
    'delete from delivery_failure where subscription = $1 and event_id = $2 returning failures',
    [subscription, identity],
  );
  return rows[0]?.failures ?? 0;
};
