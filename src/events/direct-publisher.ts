import type { PubSub, Topic } from '@google-cloud/pubsub';

import { type EncodedEvent, eventAttributes } from './outbox.ts';

export interface DirectPublisherOptions {
  /** How long the client tries to publish one event, in milliseconds. @default 5000 */
  readonly timeoutMilliseconds?: number;
  /** Events whose answer is awaited at once; more are refused. @default 10000 */
  readonly maxInFlight?: number;
}

/** Publishes events of topics with `transport: 'direct'`, without the outbox. */
export interface DirectPublisher {
  /**
   * Resolves once the broker has the event.
   *
   * @throws DirectPublishError if that is not known: the event may have arrived all the same.
   */
  publish(event: EncodedEvent): Promise<void>;
  /** Resolves when every event given so far is published or refused. */
  flush(): Promise<void>;
}

/** The broker's refusal or silence; the event then takes the outbox. */
export class DirectPublishError extends Error {
  override readonly name = 'DirectPublishError';

  constructor(
    readonly topic: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`event for ${topic} was not published directly: ${reason}`, options);
  }
}

/**
 * Makes a direct publisher on a client that is for publishing only, so that the streams of
 * subscriptions never hold its calls up. The client's own batching applies.
 */
export const createDirectPublisher = (
  pubsub: PubSub,
  options: DirectPublisherOptions = {},
): DirectPublisher => {
  const { timeoutMilliseconds = 5_000, maxInFlight = 10_000 } = options;
  const topics = new Map<string, Topic>();
  const inFlight = new Set<Promise<void>>();

  const topicOf = (name: string): Topic => {
    const known = topics.get(name);
    if (known) return known;
    const topic = pubsub.topic(name, {
      // Without it the client tries again for minutes.
      gaxOpts: { timeout: timeoutMilliseconds },
    });
    topics.set(name, topic);
    return topic;
  };

  const send = async (event: EncodedEvent): Promise<void> => {
    try {
      await topicOf(event.topic).publishMessage({
        data: event.payload,
        attributes: eventAttributes(event),
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new DirectPublishError(event.topic, reason, { cause: error });
    }
  };

  return {
    publish: async (event) => {
      if (inFlight.size >= maxInFlight)
        throw new DirectPublishError(
          event.topic,
          `${maxInFlight} events await the broker already`,
        );
      const sent = send(event);
      inFlight.add(sent);
      try {
        await sent;
      } finally {
        inFlight.delete(sent);
      }
    },
    flush: async () => {
      await Promise.all([...topics.values()].map((topic) => topic.flush()));
      await Promise.allSettled(inFlight);
    },
  };
};

let configured: DirectPublisher | undefined;

/**
 * Gives this process the publisher of direct topics; `undefined` takes it away. Without one, their
 * events take the outbox.
 */
export const configureDirectPublisher = (
  publisher: DirectPublisher | undefined,
): void => {
  configured = publisher;
};

/** The publisher of direct topics, if this process has one. */
export const directPublisher = (): DirectPublisher | undefined => configured;

/** Waits for direct events on their way; part of every drain. */
export const flushDirectPublisher = async (): Promise<void> => {
  await configured?.flush();
};
