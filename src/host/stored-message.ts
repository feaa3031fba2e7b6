import type { DeadLetter } from '../entity/infrastructure/index.ts';
import type { RawMessage } from '../workers/worker.ts';
import type { Cancellation } from './cancellation.ts';

/** The stored message, as if it had come now. */
export const messageOf = (
  entry: DeadLetter,
  cancellation: Cancellation,
): RawMessage => ({
  data: entry.payload,
  attributes: entry.attributes,
  messageId: entry.messageId ?? entry.id,
  publishTime: entry.publishTime ?? entry.firstSeenAt,
  deliveryAttempt: 1,
  orderingKey: entry.orderingKey,
  get signal() {
    return cancellation.signal;
  },
});
