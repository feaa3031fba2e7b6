import type { DataSource, EntityManager } from 'typeorm';

import { DeadLetter } from '../entity/infrastructure/index.ts';
import type { Operator } from './audit.ts';

/** Keeps the locks of the desk apart from other advisory locks that are made of ids. */
const lockSeed = 1_946_203_117;

/** Why an entry cannot be worked on: it is gone, or another process has it in hand. */
export type Unclaimed = 'gone' | 'locked';

/**
 * Works on one entry while nobody else does. The lock belongs to a transaction of its own, on a
 * connection of its own, so that it ends with this process at the latest; the row itself stays free for
 * whoever writes to it.
 */
export const withClaimedEntry = async <Result>(
  con: DataSource,
  id: string,
  work: (entry: DeadLetter) => Promise<Result>,
): Promise<Result | Unclaimed> =>
  con.transaction(async (manager): Promise<Result | Unclaimed> => {
    const [lock] = await manager.query<[{ taken: boolean }]>(
      // While the handler runs, this connection has nothing to say and must not be cut for it.
      `select set_config('idle_in_transaction_session_timeout', '0', true),
              pg_try_advisory_xact_lock(hashtextextended($1, $2)) as taken`,
      [id, lockSeed],
    );
    if (!lock.taken) return 'locked';
    const entry = await manager.getRepository(DeadLetter).findOneBy({ id });
    return entry ? work(entry) : 'gone';
  });

/** Marks an entry as redriven, by whom and why; in a transactional worker's own transaction. */
export const markRedriven = async (
  manager: EntityManager,
  id: string,
  { actor, reason }: Operator,
): Promise<void> => {
  await manager.query(
    `update dead_letter
        set state = 'redriven', state_changed_at = now(), state_changed_by = $2, state_reason = $3,
            redrives = redrives + 1
      where id = $1`,
    [id, actor, reason ?? null],
  );
};

/** Says who redrove an entry that was closed by what was run. */
export const signRedriven = async (
  manager: EntityManager,
  id: string,
  { actor, reason }: Operator,
): Promise<void> => {
  await manager.query(
    `update dead_letter set state_changed_by = $2, state_reason = coalesce($3, state_reason)
      where id = $1 and state = 'redriven'`,
    [id, actor, reason ?? null],
  );
};

/** Counts a redrive that failed; its error is in the entry already. */
export const countFailedRedrive = async (
  manager: EntityManager,
  id: string,
): Promise<void> => {
  await manager.query(
    'update dead_letter set redrives = redrives + 1 where id = $1',
    [id],
  );
};
