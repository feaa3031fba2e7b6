import type { EntityManager } from 'typeorm';

import { createWebhookDelivery, type NewDelivery } from './create-delivery.ts';

export interface PersonsEvent extends Omit<NewDelivery, 'endpointId'> {
  /** Whose endpoints hear of it. */
  readonly userId: string;
}

/**
 * Sends an event to every enabled endpoint of a person, each by a delivery of its own, in the transaction of
 * `manager`.
 *
 * @returns the ids of the deliveries; none if the person has no endpoint
 * @throws InvalidWebhookError
 */
export const announceEvent = async (
  manager: EntityManager,
  { userId, ...event }: PersonsEvent,
): Promise<string[]> => {
  // Held together, so that none is deleted before its delivery is written.
  const endpoints = await manager.query<{ id: string }[]>(
    'select id from webhook_endpoint where user_id = $1 and enabled order by id for key share',
    [userId],
  );
  const deliveries: string[] = [];
  for (const { id } of endpoints) {
    const delivery = await createWebhookDelivery(manager, {
      ...event,
      endpointId: id,
    });
    if (delivery !== undefined) deliveries.push(delivery);
  }
  return deliveries;
};
