import type { DataSource } from 'typeorm';

import { payloadDocument } from '../common/payload-document.ts';
import { writeDeadLetter } from '../dead-letters/desk.ts';
import { forwardedFrom } from '../dead-letters/forwarded.ts';
import { messageIdentity } from '../dead-letters/identity.ts';
import type { Logger } from '../logger.ts';
import { type Message, PermanentError } from '../workers/worker.ts';
import { forgetFailures } from './failures.ts';
import type { ServedWorker } from './served-worker.ts';

/** The broker left a message on a dead-letter topic: its deliveries ended in no outcome that counts. */
export class GivenUpByBrokerError extends Error {
  override readonly name = 'GivenUpByBrokerError';

  constructor(
    readonly subscription: string,
    readonly deliveries: number,
  ) {
    super(
      `the broker gave up on a message of ${subscription} after ${deliveries} deliveries, none of them acknowledged; ` +
        'its handler may end the process: look for restarts before redriving it',
    );
    // The fault is where the message was handled, not here.
    this.stack = '';
  }
}

/** A message on a dead-letter topic that the broker did not put there. */
export class StrayDeadLetterError extends PermanentError {
  override readonly name = 'StrayDeadLetterError';

  constructor(readonly topic: string) {
    super(
      `expected a message on ${topic} to be forwarded by the broker (attribute ` +
        'CloudPubSubDeadLetterSourceSubscription), got one without; somebody publishes there by hand',
    );
  }
}

/** The subscription of a dead-letter topic. */
export interface DrainedSubscription {
  readonly topic: string;
  readonly subscription: string;
}

/** The event id as the message's own worker knows it; a message may be beyond reading. */
const eventIdOf = (
  worker: ServedWorker | undefined,
  message: Message<Buffer>,
): string | undefined => {
  try {
    return worker?.eventId(message);
  } catch {
    return undefined;
  }
};

const drainInto = async (
  con: DataSource,
  topic: string,
  forwarded: Message<Buffer>,
  worker: (subscription: string) => ServedWorker | undefined,
  logger: Logger,
): Promise<void> => {
  const from = forwardedFrom(forwarded.attributes);
  if (!from) throw new StrayDeadLetterError(topic);
  const served = worker(from.subscription);
  const publishTime = from.publishTime ?? forwarded.publishTime;
  const eventId = eventIdOf(served, {
    data: forwarded.data,
    attributes: from.attributes,
    messageId: forwarded.messageId,
    publishTime,
    deliveryAttempt: from.deliveries,
    orderingKey: forwarded.orderingKey,
    signal: forwarded.signal,
  });
  const identity = messageIdentity({
    eventId,
    publishTime,
    payload: forwarded.data,
  });
  const source = served?.topic ?? from.attributes['eventType'] ?? topic;
  await con.transaction(async (manager) => {
    await writeDeadLetter(manager, {
      source: 'pubsub',
      subscription: from.subscription,
      topic: source,
      identity,
      eventId,
      messageId: forwarded.messageId,
      publishTime,
      orderingKey: forwarded.orderingKey,
      payload: forwarded.data,
      document: payloadDocument(source, forwarded.data),
      attributes: from.attributes,
      error: new GivenUpByBrokerError(from.subscription, from.deliveries),
      attempts: from.deliveries,
      forwardedId: forwarded.messageId,
    });
    await forgetFailures(manager, from.subscription, identity);
  });
  logger.error(
    {
      subscription: from.subscription,
      eventId,
      messageId: forwarded.messageId,
      deliveries: from.deliveries,
    },
    'the broker gave up on a message: it is at the dead-letter desk',
  );
};

/**
 * Makes the worker that empties the subscription of a dead-letter topic into the desk, so that a
 * message that kills its process arrives there, too. Each one is acked after its row is committed, and
 * drained again without effect.
 *
 * @param workers Of all processes; they know topic and event id of what comes from their subscriptions.
 */
export const deadLetterDrain = (
  { topic, subscription }: DrainedSubscription,
  workers: readonly ServedWorker[],
): ServedWorker => {
  const bySubscription = new Map(
    workers.map((worker) => [worker.subscription, worker]),
  );
  return {
    subscription,
    topic,
    ordered: false,
    ackDeadlineSeconds: 60,
    maxMessages: 10,
    timeoutSeconds: 60,
    maxFailures: 5,
    transactional: false,
    parse: ({ data }) => data,
    eventId: () => undefined,
    run: (message, con, logger) =>
      drainInto(
        con as DataSource,
        topic,
        message as Message<Buffer>,
        (name) => bySubscription.get(name),
        logger,
      ),
  };
};
