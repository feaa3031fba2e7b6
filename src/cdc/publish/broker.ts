import type { OutgoingMessage } from '../outgoing-message.ts';
import { googleCredentials } from './credentials.ts';
import { type Call, Channel } from './grpc/channel.ts';
import { proxyFor } from './grpc/proxy.ts';
import { parseAddress } from './grpc/socket.ts';
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
  /** Rejects with a GrpcError. */
  readonly send: Send;
  /** Ends calls that are under way; idempotent. */
  close(): void;
}

const method = '/google.pubsub.v1.Publisher/Publish';
const googleAddress = 'pubsub.googleapis.com:443';

const channelTo = ({ projectId, emulatorHost }: BrokerAddress): Channel => {
  if (emulatorHost !== undefined)
    return new Channel({ ...parseAddress(emulatorHost), tls: undefined });
  const google = parseAddress(googleAddress);
  return new Channel({
    ...google,
    tls: {},
    proxy: proxyFor(google, process.env),
    credentials: googleCredentials(projectId),
  });
};

/** Topics that are remembered. */
const mostResources = 1_000;

interface Resource {
  /** Its full name. */
  readonly topic: string;
  readonly publish: Call;
}

/**
 * Publishes by gRPC, on an HTTP/2 connection of our own. Messages of one key have to be a call of their own, so
 * that a call is what a streamer's throughput and memory are made of; Google's client, grpc-js and Node's own
 * HTTP/2 each take a multiple of both, and copy every message several times.
 *
 * Google's service is reached through the proxy that the environment names, as it is by Google's client.
 *
 * @throws ProxySettingError
 */
export const connectBroker = (address: BrokerAddress): BrokerConnection => {
  const { projectId } = address;
  const channel = channelTo(address);
  const resources = new Map<string, Resource>();
  const resourceOf = (name: string): Resource => {
    let resource = resources.get(name);
    if (!resource) {
      const topic = `projects/${projectId}/topics/${name}`;
      const publish = channel.method(method, {
        // By it the service knows where a call belongs.
        'x-goog-request-params': `topic=${encodeURIComponent(topic)}`,
      });
      // The outbox may name any number of topics that do not exist.
      if (resources.size >= mostResources) resources.clear();
      resources.set(name, (resource = { topic, publish }));
    }
    return resource;
  };
  return {
    send: async (messages) => {
      const { topic, publish } = resourceOf(messages[0]!.topic);
      await publish(encodePublishRequest(topic, messages));
    },
    close: () => channel.close(),
  };
};
