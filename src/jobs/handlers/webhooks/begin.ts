import type { DataSource } from 'typeorm';

import { EndpointDisabledError } from './errors.ts';

/** A delivery as far as an attempt needs it. */
export interface Attempted {
  readonly id: string;
  readonly endpointId: string;
  readonly userId: string;
  readonly url: string;
  readonly payload: string;
  readonly secrets: readonly string[];
}

/** Why there is nothing to send. */
export type NothingToSend =
  'gone' | 'was delivered' | 'has another job' | 'endpoint disabled';

interface Row {
  readonly state: string;
  readonly isOurs: boolean;
  readonly enabled: boolean;
  readonly endpointId: string;
  readonly userId: string;
  readonly url: string;
  readonly payload: string;
  readonly secret: string;
  readonly previousSecret: string | null;
}

/**
 * Looks what a job has to send. A failed delivery becomes pending again: whoever runs its job once more
 * wants it sent. While it is pending, only the last job that it was given may send it.
 *
 * @throws EndpointDisabledError if that has failed before
 */
export const beginAttempt = (
  con: DataSource,
  id: string,
  jobId: string,
): Promise<Attempted | NothingToSend> =>
  con.transaction(async (manager) => {
    const [row] = await manager.query<Row[]>(
      `select delivery.state, delivery.job_id = $2 as "isOurs", endpoint.enabled,
         endpoint.id as "endpointId", endpoint.user_id as "userId", endpoint.url,
         delivery.payload::text as payload, endpoint.secret,
         case when endpoint.previous_secret_until > now() then endpoint.previous_secret end
           as "previousSecret"
       from webhook_deliveries delivery
       join webhook_endpoint endpoint on endpoint.id = delivery.endpoint_id
       where delivery.id = $1
       for no key update of delivery`,
      [id, jobId],
    );
    if (!row) return 'gone';
    if (row.state === 'delivered') return 'was delivered';
    if (row.state === 'pending' && !row.isOurs) return 'has another job';
    if (!row.enabled) {
      if (row.state === 'failed')
        throw new EndpointDisabledError(id, row.endpointId);
      await manager.query(
        `update webhook_deliveries
           set state = 'failed', error = 'the endpoint is disabled', settled_at = now()
         where id = $1`,
        [id],
      );
      return 'endpoint disabled';
    }
    if (row.state === 'failed')
      await manager.query(
        `update webhook_deliveries set state = 'pending', job_id = $2, settled_at = null
         where id = $1`,
        [id, jobId],
      );
    const { endpointId, userId, url, payload, secret, previousSecret } = row;
    return {
      id,
      endpointId,
      userId,
      url,
      payload,
      secrets: previousSecret === null ? [secret] : [secret, previousSecret],
    };
  });
