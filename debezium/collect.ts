import type { Message, PubSub, Subscription } from '@google-cloud/pubsub';

/** A message as it arrived at Pub/Sub. */
export interface Arrived {
  readonly topic: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Buffer;
}

/** Attribute of a message that says: what was published before is there. */
const mark = 'nothing comes before';

/** Everything that topics are given, in the order of its arrival. */
export class Collector {
  readonly messages: Arrived[] = [];
  readonly #pubsub: PubSub;
  readonly #subscriptions: Subscription[] = [];
  #marks = 0;
  #wake = Promise.withResolvers<void>();

  constructor(pubsub: PubSub) {
    this.#pubsub = pubsub;
  }

  /** Makes the topic and listens in order of keys. */
  async listen(topic: string): Promise<void> {
    const [made] = await this.#pubsub.createTopic(topic);
    await made.createSubscription(`record-${topic}`, {
      enableMessageOrdering: true,
    });
    const subscription = this.#pubsub.subscription(`record-${topic}`, {
      streamingOptions: { maxStreams: 1 },
      flowControl: { maxMessages: 100_000 },
    });
    subscription.on('message', (message: Message) => {
      if (message.attributes['mark'] === mark) this.#marks += 1;
      else
        this.messages.push({
          topic,
          key: message.orderingKey ?? '',
          headers: message.attributes,
          data: message.data,
        });
      message.ack();
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
    this.#subscriptions.push(subscription);
  }

  on(topic: string): Arrived[] {
    return this.messages.filter((message) => message.topic === topic);
  }

  /** Resolves when there is what is waited for. */
  async until(condition: (collector: this) => boolean): Promise<void> {
    while (!condition(this)) await this.#wake.promise;
  }

  /** Resolves when what was published before has arrived. */
  async settle(): Promise<void> {
    const topics = this.#subscriptions.map(({ name }) =>
      name.slice(name.indexOf('record-') + 'record-'.length),
    );
    for (const topic of topics)
      await this.#pubsub
        .topic(topic)
        .publishMessage({ data: Buffer.alloc(0), attributes: { mark } });
    await this.until(() => this.#marks === topics.length);
  }

  async close(): Promise<void> {
    await Promise.all(this.#subscriptions.map((each) => each.close()));
  }
}
