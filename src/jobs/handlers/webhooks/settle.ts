import type { EntityManager } from 'typeorm';

import { createMailJob } from '../email/create-mail-job.ts';
import type { Attempted } from './begin.ts';
import type { DeliveryLimits } from './limits.ts';

/** What an endpoint answered. */
export interface Answer {
  readonly status: number;
  /** Those that are kept. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The header of this name. */
  readonly retryAfter: string | null;
}

/** Why an attempt failed. */
export interface Failure {
  readonly error: Error;
  /** If there was any. */
  readonly answer: Answer | undefined;
  /** Whether no further attempt follows by itself. */
  readonly isLast: boolean;
  /** Whether the endpoint wants no more. */
  readonly isGone: boolean;
}

/** Characters of an error that are kept. */
const errorLength = 500;

const kept = (text: string): string => text.replaceAll('\0', '\uFFFD');

/** Keeps that a delivery arrived. Of two jobs that sent it only one says so. */
export const settleDelivered = async (
  manager: EntityManager,
  { id, endpointId }: Attempted,
  { status, headers, body }: Answer,
): Promise<void> => {
  const [rows] = await manager.query<[unknown[], number]>(
    `update webhook_deliveries
       set state = 'delivered', attempts = attempts + 1, response_status = $2, response_body = $3, response_headers = $4,
         error = null, last_attempted_at = now(), settled_at = now()
     where id = $1 and state <> 'delivered'
     returning id`,
    [id, status, kept(body), JSON.stringify(headers)],
  );
  if (rows.length === 0) return;
  // An endpoint that is well is not written, so that its deliveries do not wait for each other.
  await manager.query(
    `update webhook_endpoint set consecutive_failures = 0, failing_since = null
     where id = $1 and failing_since is not null`,
    [endpointId],
  );
};

interface EndpointRow {
  readonly enabled: boolean;
  readonly failures: number;
  readonly isPersistent: boolean;
}

/** The address without what may be secret in it. */
const shown = (text: string): string => {
  const { origin, pathname } = new URL(text);
  return origin + pathname;
};

const disable = async (
  manager: EntityManager,
  { id, endpointId, userId, url }: Attempted,
  reason: string,
): Promise<void> => {
  await manager.query(
    `update webhook_endpoint set enabled = false, disabled_at = now(), disabled_reason = $2
     where id = $1`,
    [endpointId, reason],
  );
  await createMailJob(
    'webhook-disabled',
    {
      userId,
      context: { url: shown(url), reason },
      idempotencyKey: `webhook-disabled.${id}`,
    },
    { manager },
  );
};

/** Counts a delivery that failed for good, and disables its endpoint if it is one too many. */
const countFailure = async (
  manager: EntityManager,
  attempted: Attempted,
  isGone: boolean,
  { maximumFailures, failingHours }: DeliveryLimits,
): Promise<void> => {
  const [rows] = await manager.query<[EndpointRow[], number]>(
    `update webhook_endpoint
       set consecutive_failures = consecutive_failures + 1, failing_since = coalesce(failing_since, now())
     where id = $1
     returning enabled, consecutive_failures as failures,
       consecutive_failures >= $2
         and failing_since <= now() - make_interval(secs => $3::float8 * 3600) as "isPersistent"`,
    [attempted.endpointId, maximumFailures, failingHours],
  );
  const [endpoint] = rows;
  if (!endpoint?.enabled) return;
  if (isGone)
    await disable(manager, attempted, 'it answered 410 Gone: it wants no more');
  else if (endpoint.isPersistent)
    await disable(
      manager,
      attempted,
      `the last ${endpoint.failures} deliveries failed, for at least ${failingHours} hours`,
    );
};

/**
 * Keeps why an attempt failed, and after the last one that the delivery did. If that disables the endpoint,
 * the mail about it is a job of the same transaction.
 */
export const settleFailed = async (
  manager: EntityManager,
  attempted: Attempted,
  { error, answer, isLast, isGone }: Failure,
  limits: DeliveryLimits,
): Promise<void> => {
  const [rows] = await manager.query<[unknown[], number]>(
    `update webhook_deliveries
       set state = case when $2 then 'failed' else state end, attempts = attempts + 1, error = $3,
         response_status = $4, response_body = $5, response_headers = $6, last_attempted_at = now(),
         settled_at = case when $2 then now() end
     where id = $1 and state = 'pending'
     returning id`,
    [
      attempted.id,
      isLast,
      kept(`${error.name}: ${error.message}`).slice(0, errorLength),
      answer?.status ?? null,
      answer ? kept(answer.body) : null,
      answer ? JSON.stringify(answer.headers) : null,
    ],
  );
  if (isLast && rows.length > 0)
    await countFailure(manager, attempted, isGone, limits);
};
