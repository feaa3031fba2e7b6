import { PermanentError } from '../../../dead-letters/permanent-error.ts';
import { ForbiddenAddressError } from '../../../outgoing/errors.ts';
import { guardedFetch } from '../../../outgoing/guarded-fetch.ts';
import type { JobContext } from '../../handler.ts';
import { type Attempted, beginAttempt, type NothingToSend } from './begin.ts';
import {
  DeliveryForbiddenError,
  DeliveryRefusedError,
  EndpointGoneError,
} from './errors.ts';
import { type DeliveryLimits, deliveryLimits } from './limits.ts';
import { type Answer, settleDelivered, settleFailed } from './settle.ts';
import { signedHeaders } from './sign.ts';

export interface DeliverOptions {
  readonly limits?: DeliveryLimits;
  /** @default OUTGOING_ALLOW_PRIVATE */
  readonly allowPrivate?: boolean;
}

export type DeliverResult =
  | { readonly outcome: 'delivered'; readonly status: number }
  | { readonly outcome: NothingToSend };

/** The request of one attempt. Redirects are failures, as the specification has it. */
const send = async (
  { id, url, payload, secrets }: Attempted,
  { signal }: JobContext,
  { limits = deliveryLimits, allowPrivate }: DeliverOptions,
): Promise<Answer> => {
  const { status, body } = await guardedFetch(url, {
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
  return { status, body: body.toString('utf8') };
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
 * Sends a delivery to its endpoint, signed, and keeps what came of it. A process that is killed between the
 * answer and keeping it sends again: the receiver knows it by its `webhook-id`.
 *
 * @throws DeliveryRefusedError, EndpointGoneError, EndpointDisabledError, DeliveryForbiddenError, and what `guardedFetch` throws
 */
export const deliverWebhook = async (
  deliveryId: string,
  context: JobContext,
  options: DeliverOptions = {},
): Promise<DeliverResult> => {
  const { con, job, signal } = context;
  const { limits = deliveryLimits } = options;
  const attempted = await beginAttempt(con, deliveryId, job.id);
  if (typeof attempted === 'string') return { outcome: attempted };
  const fail = async (error: Error, answer?: Answer): Promise<never> => {
    await con.transaction((manager) =>
      settleFailed(
        manager,
        attempted,
        {
          error,
          answer,
          isLast:
            error instanceof PermanentError || job.attempt >= job.attempts,
          isGone: error instanceof EndpointGoneError,
        },
        limits,
      ),
    );
    throw error;
  };
  let answer: Answer;
  try {
    answer = await send(attempted, context, options);
  } catch (error) {
    // Cut short from outside: nobody knows how it would have ended.
    signal.throwIfAborted();
    if (error instanceof ForbiddenAddressError)
      return fail(new DeliveryForbiddenError(deliveryId, error));
    return fail(error as Error);
  }
  const refusal = refusalOf(attempted, answer);
  if (refusal) return fail(refusal, answer);
  await con.transaction((manager) =>
    settleDelivered(manager, attempted, answer),
  );
  return { outcome: 'delivered', status: answer.status };
};
