import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { currentCause } from '../../../events/context.ts';
import { createJob } from '../../create-job.ts';
import type { Backoff } from '../../queue.ts';
import { isStorableJson } from '../../storable-json.ts';
import { InvalidWebhookError, UnknownEndpointError } from './errors.ts';
import { largestWebhook } from './limits.ts';

/** What a job needs beside the delivery's id. */
interface Delivering {
  readonly id: string;
  /** Whose endpoint it is. */
  readonly userId: string;
  /** Of one delivery each job has another. */
  readonly key: string;
  /** @default the queue's */
  readonly attempts?: number;
  /** @default now */
  readonly runAt?: Date;
}

/** A receiver that is restarted has time to come back: a quarter of an hour over five attempts. */
const backoff: Backoff = { seconds: 60, growth: 'exponential' };

/** Gives a delivery its job: one for each key, however often it is asked for. From now on no other may send it. */
export const createDeliveryJob = async (
  manager: EntityManager,
  { id, userId, key, attempts, runAt }: Delivering,
): Promise<void> => {
  const jobId = await createJob(
    'deliver-webhook',
    {
      payload: { deliveryId: id },
      tenant: { id: userId },
      idempotencyKey: `webhook.${id}.${key}`,
      backoff,
      ...(attempts !== undefined && { attempts }),
      ...(runAt && { run_at: runAt }),
    },
    { manager },
  );
  await manager.query(
    'update webhook_deliveries set job_id = $2 where id = $1',
    [id, jobId],
  );
};

export interface NewDelivery {
  readonly endpointId: string;
  /** Such as `export.ready`: words of letters, digits and underscores with full stops between them. */
  readonly eventType: string;
  /** Of one event an endpoint hears once. */
  readonly eventId: string;
  /** When it happened. @default now */
  readonly occurredAt?: Date;
  /** What happened, as JSON. Small is better: an endpoint can ask for more. */
  readonly data: unknown;
}

const payloadOf = ({ eventType, occurredAt, data }: NewDelivery): string => {
  if (!/^\w+(?:\.\w+)*$/.test(eventType) || eventType.length > 100)
    throw new InvalidWebhookError(
      'eventType',
      `expected words with full stops between them, such as export.ready, got: ${JSON.stringify(eventType.slice(0, 100))}`,
    );
  const payload = JSON.stringify({
    type: eventType,
    timestamp: (occurredAt ?? new Date()).toISOString(),
    data,
  });
  const bytes = Buffer.byteLength(payload);
  if (bytes > largestWebhook)
    throw new InvalidWebhookError(
      'data',
      `expected at most ${largestWebhook} bytes as JSON, got: ${bytes}; send ids, and let the endpoint ask for the rest`,
    );
  if (!isStorableJson(payload))
    throw new InvalidWebhookError(
      'data',
      'expected text without NUL and without half a character',
    );
  return payload;
};

/**
 * Sends an event to an endpoint: writes the delivery and its job in the transaction of `manager`, so that
 * both exist if and only if that commits.
 *
 * @returns the delivery's id, of an event that was given before the one it got then; `undefined` if the
 * endpoint is disabled: then nothing was written
 * @throws UnknownEndpointError, InvalidWebhookError
 */
export const createWebhookDelivery = async (
  manager: EntityManager,
  delivery: NewDelivery,
): Promise<string | undefined> => {
  const { endpointId, eventType, eventId } = delivery;
  const payload = payloadOf(delivery);
  // Held, so that the endpoint is not deleted before the delivery is written.
  const [endpoint] = await manager.query<
    { userId: string; enabled: boolean }[]
  >(
    'select user_id as "userId", enabled from webhook_endpoint where id = $1 for key share',
    [endpointId],
  );
  if (!endpoint) throw new UnknownEndpointError(endpointId);
  if (!endpoint.enabled) return undefined;
  const id = uuidv7();
  const [written] = await manager.query<unknown[]>(
    `insert into webhook_deliveries (id, endpoint_id, event_type, event_id, payload, cause)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (endpoint_id, event_id) do nothing
     returning id`,
    [id, endpointId, eventType, eventId, payload, currentCause()?.id],
  );
  if (!written) {
    const [before] = await manager.query<{ id: string }[]>(
      'select id from webhook_deliveries where endpoint_id = $1 and event_id = $2',
      [endpointId, eventId],
    );
    return before?.id;
  }
  const { userId } = endpoint;
  await createDeliveryJob(manager, { id, userId, key: '1' });
  return id;
};
