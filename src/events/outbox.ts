import type { EntityManager } from 'typeorm';

import { Outbox } from '../entity/infrastructure/index.ts';

/** An event that is valid and complete, ready for either road. */
export interface EncodedEvent {
  /** UUIDv7, or UUIDv5 of its cause. */
  readonly id: string;
  readonly topic: string;
  readonly payload: Buffer;
  /** Never empty; `undefined` is an event without an order of its own. */
  readonly orderingKey: string | undefined;
  /** W3C trace context. */
  readonly traceparent: string | undefined;
  /** Id of the message whose handler triggered the event. */
  readonly cause: string | undefined;
}

/**
 * The attributes that every publisher of events sets: the outbox's streamer, Debezium's EventRouter
 * and the direct publisher alike.
 */
export const eventAttributes = (
  event: Omit<EncodedEvent, 'payload' | 'orderingKey'>,
): Record<string, string> => ({
  id: event.id,
  eventType: event.topic,
  ...(event.traceparent && { googclient_traceparent: event.traceparent }),
  ...(event.cause && { cause: event.cause }),
});

/**
 * Writes an event to the outbox, in the manager's transaction if it has one. An event that is there
 * already stays as it is: its handler was run again.
 */
export const insertIntoOutbox = async (
  manager: EntityManager,
  event: EncodedEvent,
): Promise<void> => {
  await manager
    .createQueryBuilder()
    .insert()
    .into(Outbox)
    .values({
      id: event.id,
      topic: event.topic,
      // One empty key would put all events without an order into a single row.
      orderingKey: event.orderingKey ?? event.id,
      type: event.topic,
      payload: event.payload,
      traceparent: event.traceparent ?? null,
      cause: event.cause ?? null,
    })
    .orIgnore()
    .updateEntity(false)
    .execute();
};
