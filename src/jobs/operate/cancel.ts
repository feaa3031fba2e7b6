import type { EntityManager } from 'typeorm';

import {
  newOperation,
  type Operator,
  recordAction,
} from '../../dead-letters/audit.ts';
import { shortened, storable } from '../../dead-letters/text.ts';
import { JobStateError, KeptJobError, UnknownJobIdError } from '../errors.ts';
import type { JobState } from '../port.ts';
import { archiveWaiting } from '../store/archive-cancelled.ts';

/**
 * What became of a job that was to be cancelled: `cancelled` never begins; `stopping` ran, and its process gives it
 * up with its next heartbeat; any other is left alone. `keptBy` says what larger thing it does a part of.
 */
export type Cancelled =
  | 'cancelled'
  | 'stopping'
  | { readonly keptBy: string }
  | 'unknown'
  | 'failed'
  | 'ended';

/**
 * What larger thing a job does a part of, whose keeper would only create it again, and how that is cancelled;
 * `undefined` if it stands for itself.
 */
export type KeptBy = (job: {
  readonly name: string;
  readonly payload: unknown;
}) => string | undefined;

const longestWhy = 2_500;

interface JobRow {
  readonly state: JobState;
  readonly name: string;
  readonly queue: string;
  readonly payload: unknown;
  readonly cancelled: boolean;
}

/**
 * The run loses its fence, so that nothing it still does counts; its row stays until its lease has run out, because
 * its handler may not have heard of it before then. An entry at the desk, of a job that was run again, is closed.
 */
const stopRunning = async (
  manager: EntityManager,
  id: string,
  why: string,
  actor: string,
): Promise<void> => {
  await manager.query(
    `with stopped as (
       update job set fence = fence + 1, cancelled_at = clock_timestamp(), cancelled_why = $2
       where id = $1 returning id, queue, fence - 1 as fence, attempt, worker, started_at, rerun
     ), closed as (
       update dead_letter set state = 'resolved', state_changed_at = now(), state_changed_by = $3,
         state_reason = 'the job was cancelled while it was run again'
       from stopped
       where stopped.rerun and dead_letter.source = 'job' and dead_letter.subscription = stopped.queue
         and dead_letter.identity = stopped.id::text and dead_letter.state = 'open'
     )
     insert into job_attempt (job_id, fence, attempt, worker, started_at, ended_at, error)
     select id, fence, attempt, worker, started_at, clock_timestamp(), $2 from stopped
     on conflict (job_id, fence) do update set ended_at = excluded.ended_at, error = excluded.error`,
    [id, why, actor],
  );
};

/**
 * Cancels one job in the transaction of `manager`, without a line in the audit log: for those who cancel many, and
 * keep one for all.
 */
export const cancelOne = async (
  manager: EntityManager,
  id: string,
  { actor, reason }: Operator,
  keptBy: KeptBy,
): Promise<Cancelled> => {
  const [job] = await manager.query<JobRow[]>(
    `select state, name, queue, payload, cancelled_at is not null as cancelled from job where id = $1 for update`,
    [id],
  );
  if (!job) {
    const [ended] = await manager.query<unknown[]>(
      'select from jobs_completed where id = $1',
      [id],
    );
    return ended ? 'ended' : 'unknown';
  }
  const whole = keptBy(job);
  if (whole !== undefined) return { keptBy: whole };
  if (job.state === 'failed') return 'failed';
  if (job.cancelled) return 'ended';
  const why = shortened(
    storable(`cancelled by ${actor}${reason ? `: ${reason}` : ''}`),
    longestWhy,
  );
  if (job.state === 'running') {
    await stopRunning(manager, id, why, actor);
    return 'stopping';
  }
  await archiveWaiting(manager, id, why);
  return 'cancelled';
};

/**
 * Cancels a job. One that waits never begins. One that runs gets its signal with the next heartbeat of its process,
 * within seconds, and whatever its handler still does, its end changes nothing: a transactional one is rolled back.
 * Audited.
 *
 * @throws UnknownJobIdError; JobStateError if it has ended or failed; KeptJobError
 */
export const cancelJob = (
  manager: EntityManager,
  id: string,
  operator: Operator,
  keptBy: KeptBy,
): Promise<'cancelled' | 'stopping'> =>
  manager.transaction(async (own) => {
    const outcome = await cancelOne(own, id, operator, keptBy);
    if (outcome === 'unknown') throw new UnknownJobIdError(id);
    if (typeof outcome === 'object') throw new KeptJobError(id, outcome.keptBy);
    if (outcome === 'failed' || outcome === 'ended')
      throw new JobStateError(id, outcome);
    await recordAction(own, {
      ...operator,
      operation: newOperation(),
      action: 'jobs.cancel',
      filter: { job: id },
      counts: { [outcome]: 1 },
    });
    return outcome;
  });
