import { type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { EntityManager } from 'typeorm';

import createOrGetConnection from '../db.ts';
import type { Logger } from '../logger.ts';
import { currentCause } from './context.ts';
import { directPublisher } from './direct-publisher.ts';
import { encodePayload, publishedOrderingKey } from './encode.ts';
import { EventLostError, UnknownTopicError } from './errors.ts';
import { eventId } from './identity.ts';
import { type EncodedEvent, insertIntoOutbox } from './outbox.ts';
import type { JsonTopic, ProtobufTopic, TopicDefinition } from './topic.ts';
import { traceparentOf } from './trace-context.ts';

export interface TriggerOptions {
  /**
   * The transaction that the event belongs to: it is published if and only if that commits.
   *
   * @default the transaction of the transactional handler that runs, else one of its own
   */
  readonly manager?: EntityManager;
  /**
   * Events of one key are published in the order in which they were written; at most 1,024 bytes
   * as JSON text.
   *
   * @default the event's id: no order
   */
  readonly orderingKey?: string;
  /**
   * Tells events that one run of a handler triggers on one topic apart by what they are about, so
   * that their ids do not depend on the order of the calls. Give it wherever calls run
   * concurrently or in a loop over rows. Without effect outside of handlers.
   *
   * @default the number of the call
   */
  readonly key?: string;
}

type EventTopicDefinition = JsonTopic | ProtobufTopic;

const tracer = trace.getTracer('nightshift/events');

const isTriggered = (
  definition: TopicDefinition | undefined,
): definition is EventTopicDefinition =>
  definition !== undefined &&
  definition.kind !== 'changes' &&
  definition.identity === 'event';

const poolManager = async (): Promise<EntityManager> =>
  (await createOrGetConnection()).manager;

/** Straight to the broker; if it refuses or is silent, to the outbox under the same id. */
const sendDirectly = async (
  logger: Logger,
  event: EncodedEvent,
): Promise<void> => {
  const publisher = directPublisher();
  if (publisher === undefined)
    return insertIntoOutbox(await poolManager(), event);
  try {
    await publisher.publish(event);
  } catch (refusal) {
    logger.warn(
      { eventId: event.id, topic: event.topic, err: refusal },
      'direct publish failed; the event takes the outbox',
    );
    try {
      await insertIntoOutbox(await poolManager(), event);
    } catch (error) {
      throw new EventLostError(event.topic, event.id, [refusal, error]);
    }
  }
};

const inSpan = async <Result>(
  topic: string,
  work: (span: Span) => Promise<Result>,
): Promise<Result> =>
  tracer.startActiveSpan(
    `send ${topic}`,
    {
      kind: SpanKind.PRODUCER,
      attributes: {
        'messaging.system': 'gcp_pubsub',
        'messaging.destination.name': topic,
        'messaging.operation.type': 'send',
      },
    },
    async (span) => {
      try {
        return await work(span);
      } catch (error) {
        if (error instanceof Error) span.recordException(error);
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
  );

/**
 * Makes the function that triggers events on the given topics; see `triggerTypedEvent`, which is
 * this function for the topics of src/common/typedPubsub.ts.
 */
export const createTrigger =
  (topics: Readonly<Record<string, TopicDefinition>>) =>
  async (
    logger: Logger,
    topic: string,
    payload: unknown,
    options: TriggerOptions = {},
  ): Promise<string> => {
    const definition = Object.hasOwn(topics, topic) ? topics[topic] : undefined;
    if (!isTriggered(definition))
      throw new UnknownTopicError(
        topic,
        Object.keys(topics).filter((name) => isTriggered(topics[name])),
      );
    const { orderingKey, key } = options;
    if (orderingKey !== undefined) publishedOrderingKey(topic, orderingKey);
    return inSpan(topic, async (span) => {
      const cause = currentCause();
      // Before validation, so that a refused event does not renumber those after it.
      const id = eventId(topic, cause, key);
      const event: EncodedEvent = {
        id,
        topic,
        payload: encodePayload(topic, definition, payload),
        orderingKey,
        traceparent: traceparentOf(span),
        cause: cause?.id,
      };
      span.setAttribute('messaging.message.id', id);
      const manager = options.manager ?? cause?.manager;
      // A transaction's event always takes the outbox, on direct topics too: published straight
      // away it would tell of a change that others cannot see yet, or that is rolled back. An
      // ordered event does as well, or it could overtake one that is still in the outbox.
      if (manager !== undefined) await insertIntoOutbox(manager, event);
      else if (definition.transport === 'direct' && orderingKey === undefined)
        await sendDirectly(logger, event);
      else await insertIntoOutbox(await poolManager(), event);
      logger.debug({ eventId: id, topic, cause: cause?.id }, 'event triggered');
      return id;
    });
  };
