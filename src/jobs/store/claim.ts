import type { DataSource, EntityManager } from 'typeorm';

import type { ClaimedJob, ClaimRequest } from '../port.ts';
import type { Queue } from '../queue.ts';
import type { Choice } from './choice.ts';
import { cappedChoice } from './choose-capped.ts';
import { failedChoice } from './choose-failed.ts';
import { openChoice } from './choose-open.ts';
import { strictChoice } from './choose-strict.ts';
import { sameKey } from './look-up.ts';
import { prepared } from './prepared.ts';
import { spend } from './rates.ts';
import { claimedColumns, claimedJob, type ClaimedRow } from './rows.ts';

/** Whether a choice depends on what others are running, so that only one may choose at a time. */
const hasLimits = (queue: Queue): boolean =>
  queue.order === 'strict' ||
  queue.tenantConcurrency !== undefined ||
  queue.rate !== undefined ||
  queue.tenantRate !== undefined;

const choiceOf = (request: ClaimRequest, queue: Queue): Choice => {
  if (request.status === 'failed') return failedChoice(request, queue);
  if (queue.order === 'strict') return strictChoice(request, queue);
  return hasLimits(queue) ? cappedChoice(request, queue) : openChoice(request);
};

const take = async (
  manager: EntityManager,
  request: ClaimRequest,
  choice: Choice,
  leaseSeconds: number,
): Promise<ClaimedJob[]> => {
  const at = choice.parameters.length;
  const rows = await prepared<ClaimedRow>(
    manager,
    `with choice as materialized (
       select * from (${choice.sql}) as chosen
       where not exists (select from job_queue where name = $1 and paused_at is not null)
     ), claimed as (
       update job set state = 'running', attempt = attempt + 1, fence = fence + 1,
         rerun = job.state = 'failed',
         attempts = case when job.state = 'failed' then attempt + 1 else attempts end, worker = $${at + 1},
         started_at = clock_timestamp(), failed_at = null,
         lease_until = clock_timestamp() + $${at + 2} * interval '1 second'
       from choice where ${sameKey('job', 'choice', 'id')} and job.state = choice.state
       returning choice.rank, choice.turn, ${claimedColumns}
     )
     select * from claimed order by rank desc, turn`,
    [...choice.parameters, request.worker, leaseSeconds],
  );
  return rows.map(claimedJob);
};

const lock = `select pg_advisory_xact_lock(hashtext('nightshift job queue'), hashtext($1))`;

/**
 * Claims jobs that are due, highest rank first, each with a new fence and a lease.
 *
 * Where a queue has limits, the claims of all processes wait for each other: the lock is a statement
 * of its own, because a statement sees what was committed when it began.
 */
export const claim = async (
  con: DataSource,
  request: ClaimRequest,
  queue: Queue,
  leaseSeconds: number,
): Promise<ClaimedJob[]> => {
  if (request.limit <= 0) return [];
  const choice = choiceOf(request, queue);
  if (!hasLimits(queue))
    return take(con.manager, request, choice, leaseSeconds);
  return con.transaction(async (manager) => {
    await prepared(manager, lock, [request.queue]);
    const claimed = await take(manager, request, choice, leaseSeconds);
    await spend(manager, request.queue, queue, claimed);
    return claimed;
  });
};
