import type { ClaimedJob } from '../port.ts';
import type { Backoff } from '../queue.ts';

/** A row of the table `job`, as a claim returns it. */
export interface ClaimedRow {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly payload: unknown;
  readonly priority: number;
  readonly tenant: string;
  readonly tier: string | null;
  readonly key: string | null;
  readonly attempt: number;
  readonly attempts: number;
  readonly fence: number;
  readonly backoff: Backoff;
  readonly timeout_seconds: number;
  readonly cause: string | null;
  readonly traceparent: string | null;
  readonly created_at: Date;
  readonly run_at: Date;
}

export const claimedColumns = `job.id, job.queue, job.name, job.payload, job.priority, job.tenant, job.tier,
  job.key, job.attempt, job.attempts, job.fence, job.backoff, job.timeout_seconds, job.cause,
  job.traceparent, job.created_at, job.run_at`;

export const claimedJob = (row: ClaimedRow): ClaimedJob => ({
  id: row.id,
  fence: row.fence,
  queue: row.queue,
  name: row.name,
  payload: row.payload,
  priority: row.priority,
  tenant: row.tenant === '' ? undefined : row.tenant,
  tier: row.tier ?? undefined,
  key: row.key ?? undefined,
  attempt: row.attempt,
  attempts: row.attempts,
  backoff: row.backoff,
  timeoutSeconds: row.timeout_seconds,
  cause: row.cause ?? undefined,
  traceparent: row.traceparent ?? undefined,
  createdAt: row.created_at,
  runAt: row.run_at,
});
