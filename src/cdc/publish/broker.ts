import { type PubSub, v1 } from '@google-cloud/pubsub';
import { Metadata } from '@grpc/grpc-js';

import type { OutgoingMessage } from '../outgoing-message.ts';

/** Takes messages of one topic and key in one call; they are with the broker, in their order, when it resolves. */
export type Send = (messages: readonly OutgoingMessage[]) => Promise<void>;

/** A connection for publishing. */
export interface BrokerConnection {
  readonly send: Send;
  /** Ends calls that are under way; idempotent. */
  close(): void;
}

/** The part of the generated client's gRPC stub that is used. */
interface Stub {
  publish(
    request: {
      readonly topic: string;
      readonly messages: readonly Pick<
        OutgoingMessage,
        'data' | 'attributes' | 'orderingKey'
      >[];
    },
    metadata: Metadata,
    options: { readonly deadline: number },
    callback: (error: Error | null) => void,
  ): void;
  close(): void;
}

/** Longest time of one call, in milliseconds. */
const callTimeout = 30_000;

/** After an outage the connection is there again within this many milliseconds; the default is two minutes. */
const longestReconnect = 2_000;

/**
 * Publishes with the service's gRPC stub, on a connection of its own: the client's own topics make one call
 * after the other a key, wait for company, and copy every message.
 *
 * @param pubsub says where the broker is and who we are; it is not used to publish.
 */
export const connectBroker = (pubsub: PubSub): BrokerConnection => {
  let closed = false;
  const connecting = connect(pubsub);
  // Whoever sends hears of it.
  connecting.catch(() => undefined);
  return {
    send: async (messages) => {
      const { stub, resourceOf } = await connecting;
      const { topic, metadata } = resourceOf(messages[0]!.topic);
      await new Promise<void>((resolve, reject) => {
        stub.publish(
          { topic, messages },
          metadata,
          { deadline: Date.now() + callTimeout },
          (error) => {
            if (error) reject(error);
            else resolve();
          },
        );
      });
    },
    close: () => {
      if (closed) return;
      closed = true;
      void connecting.then(
        ({ stub }) => stub.close(),
        () => undefined,
      );
    },
  };
};

interface Resource {
  /** Its full name. */
  readonly topic: string;
  /** Of calls that publish there; gRPC copies it. */
  readonly metadata: Metadata;
}

const connect = async (pubsub: PubSub) => {
  const config = await pubsub.getClientConfig();
  const client = new v1.PublisherClient({
    ...config,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_reconnect_backoff_ms': longestReconnect,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
  });
  const stub = (await client.initialize()) as unknown as Stub;
  const resources = new Map<string, Resource>();
  return {
    stub,
    resourceOf: (name: string): Resource => {
      let resource = resources.get(name);
      if (!resource) {
        const topic = `projects/${pubsub.projectId}/topics/${name}`;
        const metadata = new Metadata();
        // By it the service knows where a call belongs.
        metadata.set(
          'x-goog-request-params',
          `topic=${encodeURIComponent(topic)}`,
        );
        resources.set(name, (resource = { topic, metadata }));
      }
      return resource;
    },
  };
};
