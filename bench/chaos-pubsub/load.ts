import { setTimeout as delay } from 'node:timers/promises';

import {
  type ClientConfig,
  Duration,
  type Message,
  type PublishOptions,
  PubSub,
  type Subscription,
  type Topic,
} from '@google-cloud/pubsub';

import type { DeliveredMessage, Ledger } from './ledger.ts';

/** Every so many messages there is one that always fails and has to end as a dead letter. */
const POISON_EVERY = 50;

const KEYS = 10;

/** Messages of each topic a step of the publisher sends, and how long it rests then, in milliseconds. */
const STEP = 4;
const REST = 5;

/** The most messages of each topic without an answer. */
const IN_FLIGHT = 400;

export const isPoison = (number: number): boolean =>
  number % POISON_EVERY === 0;

/** Subscriptions by name, and the topic of each. */
export const subscriptions = {
  plain: 'numbers',
  once: 'numbers',
  doomed: 'numbers',
  dead: 'dead',
  ordered: 'ordered',
  'ordered-once': 'ordered',
  held: 'numbers',
} as const;

export type SubscriptionName = keyof typeof subscriptions;

const settings: Record<SubscriptionName, object> = {
  plain: {},
  once: { enableExactlyOnceDelivery: true },
  doomed: {
    deadLetterPolicy: {
      deadLetterTopic: 'projects/chaos/topics/dead',
      maxDeliveryAttempts: 5,
    },
  },
  dead: {},
  ordered: { enableMessageOrdering: true },
  'ordered-once': {
    enableMessageOrdering: true,
    enableExactlyOnceDelivery: true,
  },
  held: {},
};

interface StreamResponse {
  readonly receivedMessages?: readonly {
    readonly message: {
      readonly messageId: string;
      readonly orderingKey: string;
      readonly attributes: Record<string, string>;
    };
  }[];
}

/**
 * What the server sends, in its order. The client hands messages of an exactly-once subscription on only after it
 * has extended each lease, and not in order when it has to try again: of that the server is innocent.
 */
const onSent = (
  subscription: Subscription,
  listen: (message: DeliveredMessage) => void,
): void => {
  const { _subscriber } = subscription as unknown as {
    _subscriber: { _stream: NodeJS.EventEmitter };
  };
  _subscriber._stream.on(
    'data',
    ({ receivedMessages = [] }: StreamResponse) => {
      for (const { message } of receivedMessages)
        listen({
          id: message.messageId,
          number: Number(message.attributes.number),
          orderingKey: message.orderingKey,
        });
    },
  );
};

/** Publishes are tried again soon: the client's own patience would leave the server without load. */
const gaxOpts: PublishOptions['gaxOpts'] = {
  retry: {
    backoffSettings: {
      initialRetryDelayMillis: 50,
      retryDelayMultiplier: 1.3,
      maxRetryDelayMillis: 300,
      initialRpcTimeoutMillis: 5_000,
      rpcTimeoutMultiplier: 1,
      maxRpcTimeoutMillis: 5_000,
      totalTimeoutMillis: 120_000,
    },
  },
};

/** Publishes numbers and receives them, by the unmodified client, as long as it is let. */
export class Load {
  /** Publishes that ended in an error: the message may or may not be there. */
  refusedPublishes = 0;
  /** Acknowledgements that were refused or stayed without an answer. */
  unconfirmed = 0;
  /** Set by the first error that the client does not retry. */
  readonly failed = Promise.withResolvers<never>();
  readonly #client: PubSub;
  readonly #ledger: Ledger;
  readonly #topics: Record<'numbers' | 'ordered', Topic>;
  readonly #open: Subscription[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #number = 0;
  #stopped = false;

  constructor(address: string, ledger: Ledger) {
    process.env.PUBSUB_EMULATOR_HOST = address;
    const quickly: ClientConfig & Record<`grpc.${string}`, number> = {
      projectId: 'chaos',
      // The next server is up within a second: no need to be as patient as with a data centre.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 500,
    };
    this.#client = new PubSub(quickly);
    this.#ledger = ledger;
    this.#topics = {
      numbers: this.#client.topic('numbers', { gaxOpts }),
      ordered: this.#client.topic('ordered', {
        gaxOpts,
        messageOrdering: true,
      }),
    };
    this.failed.promise.catch(() => undefined);
  }

  /** Creates what is published to and subscribed. */
  async prepare(): Promise<void> {
    for (const topic of ['numbers', 'ordered', 'dead'])
      await this.#client.createTopic(topic);
    for (const [name, topic] of Object.entries(subscriptions))
      await this.#client.createSubscription(
        topic,
        name,
        settings[name as SubscriptionName],
      );
  }

  subscribe(names: readonly SubscriptionName[]): void {
    for (const name of names) {
      const subscription = this.#client.subscription(name, {
        batching: { maxMilliseconds: 10 },
        // A refused acknowledgement holds its place until the next extension of leases.
        flowControl: { maxMessages: 20_000 },
        streamingOptions: {
          maxStreams: 1,
          retryMinBackoff: Duration.from({ milliseconds: 100 }),
          retryMaxBackoff: Duration.from({ milliseconds: 500 }),
        },
      });
      subscription.on('error', (error) => {
        this.#fail(`subscription ${name} ended with: ${error.message}`);
      });
      subscription.on('message', (message) => {
        this.#receive(name, message);
      });
      this.#open.push(subscription);
      onSent(subscription, (message) => {
        this.#ledger.delivered(name, message);
      });
    }
  }

  /** Publishes until it is stopped or has published so many of each topic. */
  async publish(most: number): Promise<void> {
    while (!this.#stopped && this.#number < most) {
      for (let sent = 0; sent < STEP; sent += 1) {
        this.#number += 1;
        this.#publish('numbers', this.#number, '');
        this.#publish('ordered', this.#number, `key-${this.#number % KEYS}`);
      }
      await delay(REST);
      while (this.#inFlight.size > 2 * IN_FLIGHT)
        await Promise.race(this.#inFlight);
    }
  }

  /** Stops publishing and waits for the answers. */
  async stopPublishing(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#inFlight);
  }

  /** Stops receiving; what was acknowledged has been sent and answered. */
  async unsubscribe(): Promise<void> {
    await Promise.all(
      this.#open.splice(0).map((subscription) => subscription.close()),
    );
  }

  async close(): Promise<void> {
    this.#stopped = true;
    await this.unsubscribe();
    await this.#client.close();
  }

  #publish(
    topic: 'numbers' | 'ordered',
    number: number,
    orderingKey: string,
  ): void {
    const publishing = this.#topics[topic]
      .publishMessage({
        data: Buffer.from(String(number)),
        attributes: { number: String(number) },
        orderingKey: orderingKey || undefined,
      })
      .then(
        (id) => {
          this.#ledger.acknowledged(topic, id, number);
        },
        (error: unknown) => {
          this.refusedPublishes += 1;
          if (orderingKey) this.#topics[topic].resumePublishing(orderingKey);
          if ((error as { code?: number }).code === 5)
            this.#fail(`topic ${topic} is gone`);
        },
      )
      .finally(() => this.#inFlight.delete(publishing));
    this.#inFlight.add(publishing);
  }

  #receive(name: SubscriptionName, message: Message): void {
    const { id } = message;
    const number = Number(message.attributes.number);
    if (name === 'doomed' && isPoison(number)) message.nack();
    else if (name === 'once' || name === 'ordered-once')
      message.ackWithResponse().then(
        (response) => {
          if (response === 'SUCCESS') this.#ledger.confirmed(name, id);
          else this.unconfirmed += 1;
        },
        () => {
          this.unconfirmed += 1;
        },
      );
    else message.ack();
  }

  #fail(words: string): void {
    this.#ledger.violation(words);
    this.failed.reject(new Error(words));
  }
}
