import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import fc from '../../random/property.ts';

import { Broker } from '../../../src/pubsub-server/broker/broker.ts';
import type { BrokerSubscription } from '../../../src/pubsub-server/broker/subscription.ts';
import { pubsub, timestamp } from '../../../src/pubsub-server/codecs.ts';
import { unavailable } from '../../../src/pubsub-server/errors.ts';
import type { StoredMessage } from '../../../src/pubsub-server/message.ts';
import { validSubscription } from '../../../src/pubsub-server/resources/subscription.ts';
import { openJournal } from '../../../src/pubsub-server/storage/recovery.ts';
import type { SqliteJournal } from '../../../src/pubsub-server/storage/sqlite-journal.ts';
import { readPublishRequest } from '../../../src/pubsub-server/wire/publish-request.ts';
import { ControlledClock } from '../controlled-clock.ts';
import { scratchDirectory } from '../../setup/scratch-directory.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(
    join(await scratchDirectory(), 'nightshift-recovery-'),
  );
});

afterEach(() => rm(directory, { recursive: true }));

const TOPICS = ['projects/p/topics/red', 'projects/p/topics/blue'];
const SUBSCRIPTIONS = [1, 2, 3].map((n) => `projects/p/subscriptions/sub${n}`);
const SNAPSHOTS = [1, 2].map((n) => `projects/p/snapshots/snap${n}`);
const MINUTE = 60_000;

const ids = (messages: Iterable<StoredMessage>): string[] =>
  Array.from(messages, ({ id }) => id);

/** A server's inside, with the journal it was opened with. */
class Life {
  readonly broker: Broker;
  readonly journal: SqliteJournal;
  readonly clock: ControlledClock;

  private constructor(
    broker: Broker,
    journal: SqliteJournal,
    clock: ControlledClock,
  ) {
    this.broker = broker;
    this.journal = journal;
    this.clock = clock;
  }

  static async begin(data: string, clock: ControlledClock): Promise<Life> {
    const broker = new Broker(clock);
    return new Life(broker, await openJournal(broker, data), clock);
  }

  async end(): Promise<void> {
    this.broker.close(unavailable('The test ends this server.'));
    await this.journal.close();
  }

  advance(): void {
    for (const { dispatcher } of this.broker.subscriptions.values())
      dispatcher.state.advance(this.clock.now());
  }

  /** Everything that a client could come to see. */
  view() {
    this.advance();
    const { broker } = this;
    const byName = <T>(resources: Map<string, T>, view: (of: T) => unknown) =>
      Object.fromEntries(
        [...resources]
          .sort(([left], [right]) => (left < right ? -1 : 1))
          .map(([name, of]) => [name, view(of)]),
      );
    return {
      topics: byName(broker.topics, (topic) => ({
        resource: topic.resource.toJSON(),
        subscriptions: [...topic.subscriptions]
          .map(({ resource }) => resource.name)
          .sort(),
        retained: ids(topic.retained(this.clock.now())),
      })),
      subscriptions: byName(
        broker.subscriptions,
        ({ resource, dispatcher: { state } }) => ({
          resource: resource.toJSON(),
          entries: Array.from(
            state.entries(),
            ({
              message: { id, bytes, publishTime, orderingKey },
              failures,
            }) => [
              id,
              bytes.toString('hex'),
              publishTime,
              orderingKey,
              failures,
            ],
          ),
        }),
      ),
      snapshots: byName(broker.snapshots, ({ resource, messages }) => ({
        resource: resource.toJSON(),
        messages: ids(messages),
      })),
      policies: [...TOPICS, ...SUBSCRIPTIONS].map((name) =>
        broker.policies.get(name)?.toString('hex'),
      ),
    };
  }

  deliveries(): unknown {
    return Array.from(this.broker.subscriptions.values(), ({ dispatcher }) =>
      Array.from(dispatcher.state.entries(), ({ deliveries }) => deliveries),
    );
  }

  retained(): Map<string, string[]> {
    return new Map(
      Array.from(this.broker.subscriptions, ([name, { dispatcher }]) => [
        name,
        ids(dispatcher.state.retained()),
      ]),
    );
  }
}

/** Does something at random, or nothing if it is not possible. */
type Step = (life: Life, random: (below: number) => number) => void;

const pick = <T>(from: readonly T[], random: (below: number) => number): T =>
  from[random(from.length)]!;

const someSubscription = (
  { broker }: Life,
  random: (below: number) => number,
): BrokerSubscription | undefined =>
  broker.subscriptions.get(pick(SUBSCRIPTIONS, random));

const publish: Step = ({ broker, clock }, random) => {
  const topic = broker.topics.get(pick(TOPICS, random));
  if (topic === undefined) return;
  const orderingKey = pick(['', '', 'k', 'l'], random);
  const request = Buffer.from(
    pubsub.PublishRequest.encode({
      topic: topic.resource.name,
      messages: Array.from({ length: 1 + random(5) }, () => ({
        data: Buffer.alloc(random(40), 1 + random(200)),
        attributes: { kind: pick(['a', 'b'], random) },
        orderingKey,
        messageId: 'from the publisher',
      })),
    }).finish(),
  );
  clock.advance(random(1000));
  broker.publish(topic, readPublishRequest(request).messages, request);
};

/** Leases some messages, acknowledges some of them and gives some back. */
const deliver: Step = (life, random) => {
  const subscription = someSubscription(life, random);
  if (subscription === undefined) return;
  const { state } = subscription.dispatcher;
  const now = life.clock.now();
  state.advance(now);
  const consumer = state.addConsumer({
    maxOutstandingMessages: Infinity,
    maxOutstandingBytes: Infinity,
    ackDeadlineSeconds: undefined,
  });
  const leased = state.take(consumer, 1 + random(8), now);
  state.removeConsumer(consumer);
  const acknowledged: string[] = [];
  const given: string[] = [];
  for (const { ackId } of leased)
    [acknowledged, acknowledged, acknowledged, given, []][random(5)]!.push(
      ackId,
    );
  state.acknowledge(acknowledged.reverse(), now);
  state.modifyAckDeadline(given, 0, now);
};

const steps: readonly Step[] = [
  publish,
  publish,
  publish,
  publish,
  deliver,
  deliver,
  deliver,
  deliver,
  ({ broker }, random) => {
    const name = pick(TOPICS, random);
    if (broker.topics.has(name)) return;
    broker.createTopic(
      pubsub.Topic.create({
        name,
        ...(random(2) > 0 && { messageRetentionDuration: { seconds: 600 } }),
      }),
    );
  },
  ({ broker }, random) => {
    const name = pick(SUBSCRIPTIONS, random);
    const topic = pick(TOPICS, random);
    if (broker.subscriptions.has(name) || !broker.topics.has(topic)) return;
    const deadLetterTopic = pick(TOPICS, random);
    broker.createSubscription(
      validSubscription(
        pubsub.Subscription.create({
          name,
          topic,
          filter: pick(['', '', 'attributes.kind = "a"'], random),
          enableMessageOrdering: random(2) > 0,
          retainAckedMessages: random(2) > 0,
          messageRetentionDuration: { seconds: 1200 },
          ...(random(3) === 0 &&
            broker.topics.has(deadLetterTopic) && {
              deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: 5 },
            }),
        }),
      ),
    );
  },
  (life, random) => {
    const subscription = someSubscription(life, random);
    const name = pick(SNAPSHOTS, random);
    if (subscription === undefined || subscription.resource.detached) return;
    if (
      life.broker.snapshots.has(name) ||
      !life.broker.topics.has(subscription.resource.topic)
    )
      return;
    life.broker.createSnapshot(
      pubsub.Snapshot.create({
        name,
        topic: subscription.resource.topic,
        expireTime: timestamp(life.clock.now() + 600 * MINUTE),
      }),
      Array.from(
        subscription.dispatcher.state.entries(),
        ({ message }) => message,
      ),
    );
  },
  (life, random) => {
    const subscription = someSubscription(life, random);
    const snapshot = life.broker.snapshots.get(pick(SNAPSHOTS, random));
    if (subscription === undefined || subscription.resource.detached) return;
    if (snapshot?.resource.topic !== subscription.resource.topic) return;
    if (!life.broker.topics.has(snapshot.resource.topic)) return;
    life.broker.seek(subscription, snapshot.messages);
  },
  (life, random) => {
    const subscription = someSubscription(life, random);
    if (subscription === undefined || subscription.resource.detached) return;
    const since = life.clock.now() - random(4000);
    life.broker.seek(
      subscription,
      Array.from(subscription.dispatcher.state.retained()).filter(
        ({ publishTime }) => publishTime >= since,
      ),
    );
  },
  (life, random) => {
    const subscription = someSubscription(life, random);
    if (subscription === undefined || subscription.resource.detached) return;
    life.broker.updateSubscription(
      subscription,
      pubsub.Subscription.create({
        ...subscription.resource,
        retainAckedMessages: random(2) > 0,
        ackDeadlineSeconds: 10 + random(50),
      }),
    );
  },
  ({ broker }, random) => {
    const topic = broker.topics.get(pick(TOPICS, random));
    if (topic === undefined) return;
    broker.updateTopic(
      topic,
      pubsub.Topic.create({
        name: topic.resource.name,
        ...(random(2) > 0 && { messageRetentionDuration: { seconds: 600 } }),
      }),
    );
  },
  ({ broker }, random) => {
    const name = pick([...TOPICS, ...SUBSCRIPTIONS], random);
    if (broker.topics.has(name) || broker.subscriptions.has(name))
      broker.policies.set(name, Buffer.from([random(200)]));
  },
  ({ clock }, random) => {
    clock.advance(random(3) === 0 ? random(15) * MINUTE : random(20_000));
  },
  (life, random) => {
    if (random(3) > 0) return;
    const name = pick([...TOPICS, ...SUBSCRIPTIONS, ...SNAPSHOTS], random);
    if (life.broker.topics.has(name)) life.broker.deleteTopic(name);
    if (life.broker.snapshots.has(name)) life.broker.deleteSnapshot(name);
    if (!life.broker.subscriptions.has(name)) return;
    if (random(3) === 0 && !life.broker.subscription(name).resource.detached)
      life.broker.detachSubscription(name);
    else life.broker.deleteSubscription(name);
  },
];

test('a server finds what the one before it held, whatever that did', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(2 ** 30)), {
        minLength: 10,
        maxLength: 300,
        size: 'max',
      }),
      async (chosen) => {
        const data = join(directory, String((run += 1)));
        const clock = new ControlledClock();
        let life = await Life.begin(data, clock);
        try {
          for (const [index, [step, seed]] of chosen.entries()) {
            let state = seed;
            // A generator of its own for each step, so that a failure shrinks well.
            const random = (below: number): number => {
              state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
              return Math.floor((state / 2 ** 32) * below);
            };
            steps[step]!(life, random);
            if (index % 40 !== 39 && index !== chosen.length - 1) continue;
            const orderly = random(2) > 0;
            if (orderly) life.broker.recordDeliveries();
            const before = life.view();
            const deliveries = life.deliveries();
            const retained = life.retained();
            const { nextMessageId } = life.broker;
            await life.end();
            life = await Life.begin(data, clock);
            expect(life.view()).toEqual(before);
            if (orderly) expect(life.deliveries()).toEqual(deliveries);
            for (const [name, messages] of life.retained())
              expect(messages).toEqual(
                expect.arrayContaining(retained.get(name)!),
              );
            expect(life.broker.nextMessageId).toBeGreaterThanOrEqual(
              nextMessageId,
            );
          }
        } finally {
          await life.end();
        }
      },
    ),
    { numRuns: 12, interruptAfterTimeLimit: 60_000 },
  );
});
