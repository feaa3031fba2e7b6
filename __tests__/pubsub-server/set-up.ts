import { once } from 'node:events';

import {
  type ClientConfig,
  type Message,
  PubSub,
  type Subscription,
  type SubscriptionOptions,
} from '@google-cloud/pubsub';

import {
  type PubSubServer,
  type PubSubServerOptions,
  startPubSub,
} from '../../src/pubsub-server/index.ts';

// Without it every client first looks for a Google metadata server.
process.env.METADATA_SERVER_DETECTION ??= 'none';

const started: { server: PubSubServer; clients: PubSub[] }[] = [];

/** Ends what the tests of a file began; every file that starts servers calls it in afterEach. */
export const stopAll = async (): Promise<void> => {
  for (const { server, clients } of started.splice(0)) {
    await Promise.all(clients.map((client) => client.close()));
    await server.stop();
  }
};

/** A server, and unmodified Google clients that find it by PUBSUB_EMULATOR_HOST. */
export const startServer = async (options: PubSubServerOptions = {}) => {
  const server = await startPubSub(options);
  const clients: PubSub[] = [];
  started.push({ server, clients });
  const connect = (config: ClientConfig = {}): PubSub => {
    process.env.PUBSUB_EMULATOR_HOST = server.address;
    const client = new PubSub({ projectId: 'test', ...config });
    clients.push(client);
    return client;
  };
  return { server, connect, client: connect() };
};

/** Collects the messages of a subscription and lets a test wait for them. */
export class Inbox {
  readonly messages: Message[] = [];
  readonly errors: Error[] = [];
  readonly subscription: Subscription;
  #wake = Promise.withResolvers<void>();

  constructor(
    client: PubSub,
    name: string,
    handle: (message: Message) => void,
    options: SubscriptionOptions = {},
  ) {
    this.subscription = client.subscription(name, {
      batching: { maxMilliseconds: 5 },
      streamingOptions: { maxStreams: 1 },
      ...options,
    });
    this.subscription.on('error', (error) => {
      this.errors.push(error);
    });
    this.subscription.on('message', (message) => {
      this.messages.push(message);
      handle(message);
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
  }

  get texts(): string[] {
    return this.messages.map(({ data }) => data.toString());
  }

  /** Waits until the condition holds; it is looked at after every message. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#wake.promise;
  }

  async count(count: number): Promise<void> {
    await this.until(() => this.messages.length >= count);
  }

  async close(): Promise<void> {
    const closed = once(this.subscription, 'close');
    await this.subscription.close();
    await closed;
  }
}

export const ack = (message: Message): void => {
  message.ack();
};

export const nack = (message: Message): void => {
  message.nack();
};

/** Looks again, an event-loop turn later, until the condition holds. */
export const eventually = async (condition: () => boolean): Promise<void> => {
  while (!condition())
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
};
