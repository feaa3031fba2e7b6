import type { DeliveryOutcome } from '../causality/record.ts';
import { storable } from '../dead-letters/text.ts';
import type { RawMessage } from '../workers/worker.ts';
import type { Delivery } from './delivery.ts';
import { type Handling, identityOf } from './handling.ts';

/** What only messages of a broker tell. */
type Received = RawMessage & Partial<Pick<Delivery, 'receivedAt' | 'copies'>>;

/** Tells the recorder, if there is one, of an attempt that went through the stages. */
export const recordDelivery = (
  handling: Handling,
  outcome: DeliveryOutcome,
  seconds: number,
): void => {
  const { dependencies, worker, failure, eventId, failedBefore } = handling;
  const { recorder } = dependencies;
  if (recorder === undefined) return;
  const raw: Received = handling.raw;
  const { copies = 1, receivedAt } = raw;
  const plain = outcome === 'ack' && !failedBefore && copies === 1;
  if (!recorder.wants(eventId ?? raw.messageId, plain)) return;
  const finishedAt = Date.now();
  const startedAt = finishedAt - seconds * 1_000;
  const { cause } = raw.attributes;
  recorder.record({
    eventId: identityOf(handling),
    messageId: raw.messageId,
    publishedAt: raw.publishTime.getTime(),
    // Another lease may have joined while the handler ran.
    receivedAt: receivedAt && Math.min(receivedAt, startedAt),
    startedAt,
    finishedAt,
    attempt: raw.deliveryAttempt,
    copies,
    outcome,
    failure: failure?.kind,
    error:
      failure && failure.error instanceof Error
        ? storable(failure.error.name)
        : undefined,
    cause: cause === undefined ? undefined : storable(cause),
    change: worker.change?.(raw),
  });
};
