import type { DataSource, EntityManager } from 'typeorm';

import type { JobContext } from '../../handler.ts';
import { createDeliveryJob } from './create-delivery.ts';
import { maximumJobs } from './limits.ts';

export interface RetryOptions {
  /** Deliveries of one transaction. @default 200 */
  readonly pageSize?: number;
  /** @default 50 */
  readonly maximumPages?: number;
}

export interface RetryResult {
  /** Deliveries that got a job. */
  readonly enqueued: number;
  /** Deliveries that had as many jobs as they may have. */
  readonly failed: number;
}

const hasNoLiveJob = `not exists (
  select from job where job.id = delivery.job_id and job.state in ('scheduled', 'pending', 'running')
)`;

interface Page extends RetryResult {
  readonly last: string | undefined;
  readonly isFull: boolean;
}

const retryPage = async (
  manager: EntityManager,
  after: string,
  size: number,
): Promise<Page> => {
  const candidates = await manager.query<{ id: string }[]>(
    `select delivery.id from webhook_deliveries delivery
     where delivery.state = 'pending' and delivery.id > $1 and ${hasNoLiveJob}
     order by delivery.id limit $2
     for no key update of delivery skip locked`,
    [after, size],
  );
  const ids = candidates.map(({ id }) => id);
  // Looked at again once they are locked: only now is a job seen that another run gave in between.
  const lost = await manager.query<
    { id: string; userId: string; jobs: number }[]
  >(
    `select delivery.id, endpoint.user_id as "userId", delivery.jobs
     from webhook_deliveries delivery
     join webhook_endpoint endpoint on endpoint.id = delivery.endpoint_id
     where delivery.id = any($1) and delivery.state = 'pending' and ${hasNoLiveJob}
     order by delivery.id`,
    [ids],
  );
  const spent = lost.filter(({ jobs }) => jobs >= maximumJobs);
  await manager.query(
    `update webhook_deliveries
       set state = 'failed', settled_at = now(), error = coalesce(error, 'no attempt came to its end')
     where id = any($1)`,
    [spent.map(({ id }) => id)],
  );
  const retried = lost.filter(({ jobs }) => jobs < maximumJobs);
  for (const { id, userId, jobs } of retried) {
    await manager.query(
      'update webhook_deliveries set jobs = jobs + 1 where id = $1',
      [id],
    );
    await createDeliveryJob(manager, { id, userId, key: String(jobs + 1) });
  }
  return {
    enqueued: retried.length,
    failed: spent.length,
    last: ids.at(-1),
    isFull: ids.length === size,
  };
};

const lowest = '00000000-0000-0000-0000-000000000000';

/**
 * Gives a job to every delivery that is pending without one: its last attempt was killed, or its job was
 * deleted. Nothing is sent here, and a delivery whose job waits or runs is left alone. Runs at the same time
 * pass over each other's rows.
 */
export const retryWebhooks = async (
  con: DataSource,
  { signal, progress }: Pick<JobContext, 'signal' | 'progress'>,
  { pageSize = 200, maximumPages = 50 }: RetryOptions = {},
): Promise<RetryResult> => {
  let after = lowest;
  let enqueued = 0;
  let failed = 0;
  for (let page = 0; page < maximumPages; page += 1) {
    signal.throwIfAborted();
    const done = await con.transaction((manager) =>
      retryPage(manager, after, pageSize),
    );
    enqueued += done.enqueued;
    failed += done.failed;
    if (!done.isFull || done.last === undefined) break;
    after = done.last;
    progress((page + 1) / maximumPages, `${enqueued} deliveries`);
  }
  return { enqueued, failed };
};
