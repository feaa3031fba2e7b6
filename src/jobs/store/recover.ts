import type { DataSource } from 'typeorm';

import type { OnDead } from '../port.ts';
import { archiveStopped } from './archive-cancelled.ts';
import { prepared } from './prepared.ts';
import { settleFailed } from './settle-failed.ts';

/** Runs taken over by one transaction. */
const batch = 100;

/** The process that ran a job has not been heard of for longer than its lease. */
export class LeaseExpiredError extends Error {
  override readonly name = 'LeaseExpiredError';

  constructor(
    readonly worker: string,
    readonly attempt: number,
  ) {
    super(
      `expected a heartbeat of ${worker}, which ran attempt ${attempt}, but its lease has expired: ` +
        'the process was killed, or could not reach the database',
    );
  }
}

/**
 * Takes jobs from processes that are gone: the attempt has failed, and the next one begins at once. Those that an
 * operator had cancelled end.
 *
 * @returns how many were taken over, at most 100.
 */
export const recover = async (
  con: DataSource,
  onDead: (name: string) => OnDead | undefined,
): Promise<number> =>
  con.transaction(async (manager) => {
    await archiveStopped(manager);
    const lost = await prepared<{
      id: string;
      fence: number;
      worker: string;
      attempt: number;
    }>(
      manager,
      `select id, fence, worker, attempt from job
       where state = 'running' and cancelled_at is null and lease_until < clock_timestamp()
       limit ${batch} for update skip locked`,
      [],
    );
    if (lost.length === 0) return 0;
    const settled = await settleFailed(
      manager,
      lost.map(({ id, fence, worker, attempt }) => ({
        id,
        fence,
        outcome: {
          type: 'failed',
          error: new LeaseExpiredError(worker, attempt),
          permanent: false,
        },
      })),
      onDead,
    );
    const again = [...settled]
      .filter(([, outcome]) => outcome === 'retried')
      .map(([id]) => id);
    // The handler is not to blame, so there is nothing to wait for.
    await manager.query(
      'update job set run_at = clock_timestamp() where id = any($1::uuid[])',
      [again],
    );
    return lost.length;
  });
