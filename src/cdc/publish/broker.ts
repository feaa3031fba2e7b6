import { Client, credentials, Metadata } from '@grpc/grpc-js';

import type { OutgoingMessage } from '../outgoing-message.ts';
import { googleCredentials } from './credentials.ts';
import { encodePublishRequest } from './request.ts';

/** Where messages are published. */
export interface BrokerAddress {
  readonly projectId: string;
  /**
   * `host:port` of a broker without TLS, which asks nobody who they are; `undefined` is Google's service, with
   * application default credentials. It has to be said, so that nobody reaches Google by leaving it out.
   */
  readonly emulatorHost: string | undefined;
}

/** Takes messages of one topic and key in one call; they are with the broker, in their order, when it resolves. */
export type Send = (messages: readonly OutgoingMessage[]) => Promise<void>;

/** A connection for publishing. */
export interface BrokerConnection {
  readonly send: Send;
  /** Ends calls that are under way; idempotent. */
  close(): void;
}

const method = '/google.pubsub.v1.Publisher/Publish';
const googleHost = 'pubsub.googleapis.com:443';

/** Longest time of one call, in milliseconds. */
const callTimeout = 30_000;

/** After an outage the connection is there again within this many milliseconds; the default is two minutes. */
const longestReconnect = 2_000;

const connect = async (emulatorHost: string | undefined): Promise<Client> =>
  new Client(
    emulatorHost ?? googleHost,
    emulatorHost === undefined
      ? await googleCredentials()
      : credentials.createInsecure(),
    {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_reconnect_backoff_ms': longestReconnect,
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 10_000,
      // A lane repeats what failed; gRPC would keep a copy of each request for that.
      'grpc.enable_retries': 0,
    },
  );

interface Resource {
  /** Its full name. */
  readonly topic: string;
  /** Of calls that publish there; gRPC copies it. */
  readonly metadata: Metadata;
}

const resourcesOf = (projectId: string): ((name: string) => Resource) => {
  const resources = new Map<string, Resource>();
  return (name) => {
    let resource = resources.get(name);
    if (!resource) {
      const topic = `projects/${projectId}/topics/${name}`;
      const metadata = new Metadata();
      // By it the service knows where a call belongs.
      metadata.set(
        'x-goog-request-params',
        `topic=${encodeURIComponent(topic)}`,
      );
      resources.set(name, (resource = { topic, metadata }));
    }
    return resource;
  };
};

const asItIs = (bytes: Buffer): Buffer => bytes;

/**
 * Publishes by gRPC and nothing above it. Google's client makes one call after the other a key, waits for
 * company, copies every message, and takes a third of the memory of a streamer.
 */
export const connectBroker = ({
  projectId,
  emulatorHost,
}: BrokerAddress): BrokerConnection => {
  let closed = false;
  const resourceOf = resourcesOf(projectId);
  let connecting: Promise<Client> | undefined;
  const connection = (): Promise<Client> => {
    // Who we are may be known later, such as when a metadata server is there again.
    connecting ??= connect(emulatorHost).catch((error: unknown) => {
      connecting = undefined;
      throw error;
    });
    return connecting;
  };
  return {
    send: async (messages) => {
      const client = await connection();
      const { topic, metadata } = resourceOf(messages[0]!.topic);
      await new Promise<void>((resolve, reject) => {
        client.makeUnaryRequest(
          method,
          asItIs,
          // The ids that the service gives are of no use to us.
          asItIs,
          encodePublishRequest(topic, messages),
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
      connecting?.then(
        (client) => client.close(),
        () => undefined,
      );
    },
  };
};
