import {
  type CreateSubscriptionOptions,
  PubSub,
  type Topic,
} from '@google-cloud/pubsub';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { DeadLetter, DeliveryFailure } from '../../src/entity/index.ts';
import {
  createHost,
  type Host,
  type HostOptions,
} from '../../src/host/host.ts';
import type { HandledRecord } from '../../src/host/handling.ts';
import type { ServedWorker } from '../../src/host/served-worker.ts';
import { createLogger } from '../../src/logger.ts';
import {
  type Clock,
  type PubSubServer,
  startPubSub,
} from '../../src/pubsub-server/index.ts';
import { messageToJson } from '../../src/workers/worker.ts';
import { until } from '../until.ts';

export const projectId = 'host-tests';
export const logger = createLogger('host-tests');
logger.level = 'silent';

/** The machine's clock, which a test may put forward to let leases expire. */
export class SkippingClock implements Clock {
  #skipped = 0;
  readonly #timers = new Map<
    object,
    { at: number; callback: () => void; timer: NodeJS.Timeout }
  >();

  now(): number {
    return Date.now() + this.#skipped;
  }

  setTimeout(callback: () => void, milliseconds: number): object {
    const handle = {};
    this.#arm(handle, this.now() + milliseconds, callback);
    return handle;
  }

  clearTimeout(handle: unknown): void {
    clearTimeout(this.#timers.get(handle as object)?.timer);
    this.#timers.delete(handle as object);
  }

  skip(milliseconds: number): void {
    this.#skipped += milliseconds;
    for (const [handle, { at, callback, timer }] of [...this.#timers]) {
      clearTimeout(timer);
      this.#arm(handle, at, callback);
    }
  }

  #arm(handle: object, at: number, callback: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(handle);
        callback();
      },
      Math.max(0, at - this.now()),
    );
    this.#timers.set(handle, { at, callback, timer });
  }
}

/** Collects what happened and lets a test wait until it is as it should be. */
export class Log<Entry> {
  readonly entries: Entry[] = [];
  #wake = Promise.withResolvers<void>();

  readonly add = (entry: Entry): void => {
    this.entries.push(entry);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  };

  async until(condition: (entries: readonly Entry[]) => boolean) {
    while (!condition(this.entries)) await this.#wake.promise;
    return this.entries;
  }

  count(count: number) {
    return this.until((entries) => entries.length >= count);
  }
}

/** A worker that takes JSON with an event id in attribute `id`. */
export const servedWorker = (
  worker: Pick<ServedWorker, 'run'> & Partial<ServedWorker>,
): ServedWorker => ({
  subscription: 'host-test',
  topic: 'host-test',
  ordered: false,
  ackDeadlineSeconds: 10,
  maxMessages: 20,
  timeoutSeconds: 20,
  maxFailures: 5,
  transactional: false,
  retryBackoff: { minimumSeconds: 0.02, maximumSeconds: 0.1 },
  parse: (message) => messageToJson(message),
  eventId: (message) => message.attributes['id'],
  ...worker,
});

export interface Published {
  readonly id?: string;
  readonly orderingKey?: string;
  readonly attributes?: Record<string, string>;
}

/** A local server with a client, and the hosts that a test started on it. */
export class Stage {
  readonly client: PubSub;
  readonly #hosts: Host[] = [];
  readonly #topics = new Map<string, Topic>();

  private constructor(
    readonly server: PubSubServer,
    readonly clock: SkippingClock,
  ) {
    this.client = new PubSub({
      projectId,
      apiEndpoint: server.address,
      emulatorMode: true,
    });
  }

  static async open(): Promise<Stage> {
    process.env['METADATA_SERVER_DETECTION'] ??= 'none';
    const clock = new SkippingClock();
    return new Stage(await startPubSub({ clock }), clock);
  }

  async subscription(
    { subscription, topic, ordered }: ServedWorker,
    options: CreateSubscriptionOptions = {},
  ): Promise<void> {
    const [exists] = await this.client.topic(topic).exists();
    if (!exists) await this.client.createTopic(topic);
    await this.client.createSubscription(topic, subscription, {
      ackDeadlineSeconds: 10,
      enableMessageOrdering: ordered,
      retryPolicy: {
        minimumBackoff: { nanos: 20_000_000 },
        maximumBackoff: { nanos: 500_000_000 },
      },
      ...options,
    });
  }

  host(
    dataSource: DataSource,
    workers: readonly ServedWorker[],
    options: Partial<HostOptions> = {},
  ): { host: Host; records: Log<HandledRecord> } {
    const records = new Log<HandledRecord>();
    const host = createHost({
      workers,
      dataSource,
      logger,
      projectId,
      emulatorHost: this.server.address,
      drainTimeoutSeconds: 5,
      signals: { onRecord: records.add },
      ...options,
    });
    this.#hosts.push(host);
    return { host, records };
  }

  /** @returns the event id. */
  async publish(
    topic: string,
    data: unknown,
    { id = uuidv7(), orderingKey, attributes }: Published = {},
  ): Promise<string> {
    await this.#topic(topic, orderingKey !== undefined).publishMessage({
      data: Buffer.isBuffer(data) ? data : Buffer.from(JSON.stringify(data)),
      attributes: { id, ...attributes },
      ...(orderingKey !== undefined && { orderingKey }),
    });
    return id;
  }

  /** One publisher a topic, because order is kept only within one. */
  #topic(name: string, messageOrdering: boolean): Topic {
    const key = `${name}/${messageOrdering}`;
    const topic =
      this.#topics.get(key) ?? this.client.topic(name, { messageOrdering });
    this.#topics.set(key, topic);
    return topic;
  }

  /** Messages of a subscription that are not settled. */
  backlog(subscription: string): number {
    const found = this.server
      .statistics()
      .subscriptions.find(({ name }) => name.endsWith(`/${subscription}`));
    return found ? found.backlog : 0;
  }

  /**
   * Lets every lease of a stream that is gone expire, once the server knows that it is: a message that is
   * delivered to it again would be leased to nobody for another ten seconds.
   *
   * @param left.streams how many are open then @default 0
   */
  async expireLeases({ streams = 0 } = {}): Promise<void> {
    await until(() => {
      const { subscriptions } = this.server.statistics();
      const open = subscriptions.map(({ openStreams }) => openStreams);
      return open.reduce((sum, each) => sum + each, 0) === streams;
    });
    this.clock.skip(10_000);
  }

  async close(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.drain()));
    await this.client.close();
    await this.server.stop();
  }
}

export const deadLetters = (con: DataSource, subscription: string) =>
  con.getRepository(DeadLetter).findBy({ subscription });

export const deliveryFailures = (con: DataSource, subscription: string) =>
  con.getRepository(DeliveryFailure).findBy({ subscription });
