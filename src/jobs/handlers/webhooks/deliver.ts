import { PermanentError } from '../../../dead-letters/permanent-error.ts';
import { ForbiddenAddressError } from '../../../outgoing/errors.ts';
import { guardedFetch } from '../../../outgoing/guarded-fetch.ts';
import type { JobContext } from '../../handler.ts';
import { type Attempted, beginAttempt, type NothingToSend } from './begin.ts';
import { createDeliveryJob } from './create-delivery.ts';
import {
  DeliveryForbiddenError,
  DeliveryRefusedError,
  EndpointGoneError,
} from './errors.ts';
import { keptHeaders } from './kept-headers.ts';
import { type DeliveryLimits, deliveryLimits } from './limits.ts';
import { retryAfterSeconds } from './retry-after.ts';
import {
  type Answer,
  type Failure,
  settleDelivered,
  settleFailed,
} from './settle.ts';
import { signedHeaders } from './sign.ts';

export interface DeliverOptions {
  readonly limits?: DeliveryLimits;
  /** @default OUTGOING_ALLOW_PRIVATE */
  readonly allowPrivate?: boolean;
}

export type DeliverResult =
  | { readonly outcome: 'delivered'; readonly status: number }
  | {
      readonly outcome: 'postponed';
      readonly status: number;
      readonly until: Date;
    }
  | { readonly outcome: NothingToSend };

/** The request of one attempt. Redirects are failures, as the specification has it. */
const send = async (
  { id, url, payload, secrets }: Attempted,
  { signal }: JobContext,
  { limits = deliveryLimits, allowPrivate }: DeliverOptions,
): Promise<Answer> => {
  const { status, headers, body } = await guardedFetch(url, {
    method: 'POST',
    headers: signedHeaders({ id, payload, secrets }, new Date()),
    body: payload,
    signal,
    redirect: 'return',
    maxBytes: limits.keptBytes,
    whenLarger: 'cut',
    timeoutSeconds: limits.requestSeconds,
    idleSeconds: limits.requestSeconds,
    ...(allowPrivate !== undefined && { allowPrivate }),
  });
  return {
    status,
    headers: keptHeaders(headers),
    body: body.toString('utf8'),
    retryAfter: headers.get('retry-after'),
  };
};

const refusalOf = (
  { id, endpointId }: Attempted,
  { status }: Answer,
): Error | undefined => {
  if (status >= 200 && status < 300) return undefined;
  return status === 410
    ? new EndpointGoneError(id, endpointId)
    : new DeliveryRefusedError(id, status);
};

/**
 * When the receiver asks for time, the attempts that are left are those of another job, which waits as long
 * as it was asked to.
 */
const postpone = async (
  attempted: Attempted,
  { con, job }: JobContext,
  failure: Failure,
  seconds: number,
  limits: DeliveryLimits,
): Promise<Date> => {
  const until = new Date(Date.now() + seconds * 1_000);
  await con.transaction(async (manager) => {
    await settleFailed(manager, attempted, failure, limits);
    await createDeliveryJob(manager, {
      id: attempted.id,
      userId: attempted.userId,
      key: `after.${job.id}`,
      attempts: job.attempts - job.attempt,
      runAt: until,
    });
  });
  return until;
};

const attempt = async (
  attempted: Attempted,
  context: JobContext,
  options: DeliverOptions,
): Promise<Answer | Failure> => {
  const { job, signal } = context;
  const failure = (error: Error, answer?: Answer): Failure => ({
    error,
    answer,
    isLast: error instanceof PermanentError || job.attempt >= job.attempts,
    isGone: error instanceof EndpointGoneError,
  });
  try {
    const answer = await send(attempted, context, options);
    const refusal = refusalOf(attempted, answer);
    return refusal ? failure(refusal, answer) : answer;
  } catch (error) {
    // Cut short from outside: nobody knows how it would have ended.
    signal.throwIfAborted();
    return failure(
      error instanceof ForbiddenAddressError
        ? new DeliveryForbiddenError(attempted.id, error)
        : (error as Error),
    );
  }
};

/**
 * Sends a delivery to its endpoint, signed, and keeps what came of it. A process that is killed between the
 * answer and keeping it sends again: the receiver knows it by its `webhook-id`.
 *
 * @throws DeliveryRefusedError, EndpointGoneError, EndpointDisabledError, DeliveryForbiddenError, and what
 * `guardedFetch` throws
 */
export const deliverWebhook = async (
  deliveryId: string,
  context: JobContext,
  options: DeliverOptions = {},
): Promise<DeliverResult> => {
  const { con, job } = context;
  const { limits = deliveryLimits } = options;
  const attempted = await beginAttempt(con, deliveryId, job.id);
  if (typeof attempted === 'string') return { outcome: attempted };
  const end = await attempt(attempted, context, options);
  if (!('error' in end)) {
    await con.transaction((manager) =>
      settleDelivered(manager, attempted, end),
    );
    return { outcome: 'delivered', status: end.status };
  }
  const { answer, error, isLast } = end;
  const seconds = retryAfterSeconds(answer?.retryAfter ?? null, new Date());
  if (answer && seconds !== undefined && !isLast) {
    const until = await postpone(attempted, context, end, seconds, limits);
    return { outcome: 'postponed', status: answer.status, until };
  }
  await con.transaction((manager) =>
    settleFailed(manager, attempted, end, limits),
  );
  throw error;
};
