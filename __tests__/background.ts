import { type DescMessage, isMessage, toBinary } from '@bufbuild/protobuf';
import { PubSub } from '@google-cloud/pubsub';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';

import { type PubSubTopic, topics } from '../src/common/typedPubsub.ts';
import { DeadLetter } from '../src/entity/index.ts';
import type { TopicDefinition } from '../src/events/topic.ts';
import { type HandledRecord, handleMessage } from '../src/host/handle.ts';
import type { ServedWorker } from '../src/host/served-worker.ts';
import { type AnyWorker, servedWorker } from '../src/workers/serve.ts';
import type { Message, RawMessage } from '../src/workers/worker.ts';
import { testConnection } from './setup/use-test-database.ts';

/** What a worker takes as `message.data`. */
type DataOf<Worker extends AnyWorker> =
  Parameters<NonNullable<Worker['handler']>>[0] extends Message<infer Data>
    ? Data
    : Parameters<
          NonNullable<Worker['handleBatch']>
        >[0] extends readonly Message<infer Data>[]
      ? Data
      : never;

export interface Delivery {
  /** The event id: give the same one again to deliver the same message again. @default a new one */
  readonly id?: string;
  /** @default '' */
  readonly orderingKey?: string;
}

const encode = (topic: string, data: unknown): Buffer => {
  const definition: TopicDefinition = topics[topic as PubSubTopic];
  if (definition.kind !== 'protobuf') return Buffer.from(JSON.stringify(data));
  const schema: DescMessage = definition.message;
  if (!isMessage(data, schema))
    throw new Error(`expected a ${schema.typeName} made with create()`);
  return Buffer.from(toBinary(schema, data));
};

const messageOf = (
  topic: string,
  data: Buffer,
  { id = uuidv7(), orderingKey = '' }: Delivery,
): RawMessage => ({
  data,
  attributes: { id, eventType: topic },
  messageId: id,
  publishTime: new Date(),
  deliveryAttempt: 1,
  orderingKey,
  signal: new AbortController().signal,
});

const logger = pino({ level: 'silent' });
/** Connects only when a handler publishes with it. */
const pubsub = new PubSub({ projectId: 'nightshift-test' });

interface Handled {
  readonly served: ServedWorker;
  readonly message: RawMessage;
  readonly record: HandledRecord;
}

const handle = async (
  worker: AnyWorker,
  data: unknown,
  delivery: Delivery,
): Promise<Handled> => {
  const served = servedWorker(worker);
  const bytes = Buffer.isBuffer(data) ? data : encode(served.topic, data);
  const message = messageOf(served.topic, bytes, delivery);
  const dataSource = testConnection();
  const record = await handleMessage(
    { dataSource, logger, pubsub },
    served,
    message,
  );
  return { served, message, record };
};

const expectAck = ({ record }: Handled): void => {
  // The failure itself tells more than an outcome that was not expected.
  if (record.error) throw record.error;
  expect(['ack', 'duplicate']).toContain(record.outcome);
};

/**
 * Handles one message as the background process does: serialised by its topic's schema, parsed and
 * validated, through the stages of the host, on the test database. Expects it to be acked; a
 * transactional worker acks a message that it has handled before without running again.
 */
export const expectSuccessfulTypedBackground = async <Worker extends AnyWorker>(
  worker: Worker,
  data: DataOf<Worker>,
  delivery: Delivery = {},
): Promise<void> => {
  expectAck(await handle(worker, data, delivery));
};

/** The same for a legacy worker: `data` is the message's JSON. */
export const expectSuccessfulBackground = async (
  worker: AnyWorker,
  data: object,
  delivery: Delivery = {},
): Promise<void> => {
  expectAck(await handle(worker, data, delivery));
};

/** Handles one message and expects that its handler fails, so that it comes again. */
export const expectRedelivery = async <Worker extends AnyWorker>(
  worker: Worker,
  data: DataOf<Worker>,
  delivery: Delivery = {},
): Promise<void> => {
  const { record } = await handle(worker, data, delivery);
  expect(record).toMatchObject({ outcome: 'nack', failureKind: 'handler' });
};

/** Handles raw bytes and expects a dead letter at once that keeps them and says why. */
export const expectDeadLetter = async (
  worker: AnyWorker,
  bytes: Buffer,
  error: RegExp,
  delivery: Delivery = {},
): Promise<void> => {
  const { served, message, record } = await handle(worker, bytes, delivery);
  expect(record.outcome).toBe('dead-letter');
  const letters = await testConnection()
    .getRepository(DeadLetter)
    .findBy({ subscription: served.subscription });
  expect(
    letters
      .filter(({ payload }) => payload.equals(message.data))
      .map((letter) => letter.error),
  ).toEqual([expect.stringMatching(error)]);
};
