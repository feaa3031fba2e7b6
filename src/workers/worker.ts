import type { PubSub } from '@google-cloud/pubsub';
import type { DataSource, EntityManager } from 'typeorm';

import type {
  personalizedDigestWorkers,
  workers,
} from '../../.infra/common.ts';
import type {
  ChangesTopic,
  EventTopic,
  IdentifiedTopic,
  ProtobufTopicName,
  PubSubSchema,
} from '../common/typedPubsub.ts';
import { PermanentError } from '../dead-letters/permanent-error.ts';
import { onBehalfOf } from '../events/context.ts';
import type { Logger } from '../logger.ts';

export { onBehalfOf, PermanentError };

/** A received message. `Data` is the decoded payload, or the raw bytes. */
export interface Message<Data> {
  readonly data: Data;
  /** Given by Pub/Sub; a redelivery has the same one. */
  readonly messageId: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly publishTime: Date;
  /** 1 for the first delivery. Counts deliveries, not failures. */
  readonly deliveryAttempt: number;
  /** '' without ordering. */
  readonly orderingKey: string;
  /** Aborted when the handler's time is up and when the process drains. */
  readonly signal: AbortSignal;
}

/** A message as it came, before its payload is decoded. */
export type RawMessage = Message<Buffer>;

type Declaration =
  (typeof workers)[number] | (typeof personalizedDigestWorkers)[number];

type DeclaredFor<Topic extends string> = Extract<
  Declaration,
  { topic: Topic }
>['subscription'];

/** The subscriptions declared for a topic; if there is none, what to do about it. */
export type SubscriptionOf<Topic extends string> = [
  DeclaredFor<Topic>,
] extends [never]
  ? `declare a subscription of ${Topic} in .infra/common.ts`
  : DeclaredFor<Topic>;

/** What any kind of worker may set. */
export interface WorkerOptions {
  /** Messages handled at once in one process. @default 20, or 5 if transactional: each holds a connection */
  readonly maxMessages?: number;
  /** Seconds a handler may take before its signal aborts and the attempt has failed. @default 60 */
  readonly timeoutSeconds?: number;
}

/** `con` is the connection pool: effects must be idempotent, because a message may come twice. */
interface PlainHandling<Data> {
  readonly transactional?: false;
  readonly handleBatch?: never;
  readonly handler: (
    message: Message<Data>,
    con: DataSource,
    logger: Logger,
    pubsub: PubSub,
  ) => Promise<void>;
}

/**
 * `con` is one transaction that also holds the inbox row of this event: a message that comes
 * twice takes effect once.
 */
interface TransactionalHandling<Data> {
  readonly transactional: true;
  readonly handleBatch?: never;
  readonly handler: (
    message: Message<Data>,
    con: EntityManager,
    logger: Logger,
    pubsub: PubSub,
  ) => Promise<void>;
}

/** The messages of a batch that failed although the batch did not, each with its error. */
export type BatchFailures<Data> = ReadonlyMap<Message<Data>, unknown>;

/**
 * Takes messages in batches, for work that costs less together, such as inserting rows. Effects
 * must be idempotent, because each message may come twice. What is returned names the messages that
 * failed; all others are acked. A batch that throws is tried again in halves, so that a bad message
 * fails alone. An event that one message causes is triggered within `onBehalfOf(message, …)`, so that it
 * keeps its id when the message is handled again; any other has no cause and gets a new id each time.
 */
interface BatchHandling<Data> {
  readonly transactional?: false;
  readonly handleBatch: (
    messages: readonly Message<Data>[],
    con: DataSource,
    logger: Logger,
    pubsub: PubSub,
  ) => Promise<BatchFailures<Data> | void>;
  /** Most messages of one batch. @default 500 */
  readonly maxBatchSize?: number;
  /** How long a message waits for others when no batch runs, in milliseconds. @default 10 */
  readonly maxBatchWaitMilliseconds?: number;
  /** Messages in this process at once, batches and those that wait for one. @default twice maxBatchSize */
  readonly maxMessages?: number;
  readonly handler?: never;
}

type Handling<Topic extends EventTopic> =
  | PlainHandling<PubSubSchema[Topic]>
  | BatchHandling<PubSubSchema[Topic]>
  | (Topic extends IdentifiedTopic
      ? TransactionalHandling<PubSubSchema[Topic]>
      : never);

/** A topic of Protobuf messages needs `parseMessage`, usually `fromBinary` of its generated schema. */
export type Parsing<Topic extends EventTopic> = Topic extends ProtobufTopicName
  ? {
      readonly parseMessage: (
        message: Pick<RawMessage, 'data'>,
      ) => PubSubSchema[Topic];
    }
  : { readonly parseMessage?: never };

/**
 * Handles the events of one subscription of a topic. Returning acks; throwing nacks, so that the
 * subscription's retry policy decides when it comes again; throwing a `PermanentError` writes a
 * dead letter at once.
 */
export type TypedWorker<Topic extends EventTopic> = WorkerOptions & {
  readonly subscription: SubscriptionOf<Topic>;
} & Handling<Topic> &
  Parsing<Topic>;

/** Handles raw messages: row changes, decoded with `messageToJson`. */
export interface Worker extends WorkerOptions {
  readonly subscription: SubscriptionOf<ChangesTopic>;
  readonly handler: (
    message: RawMessage,
    con: DataSource,
    logger: Logger,
    pubsub: PubSub,
  ) => Promise<void>;
}

/**
 * A payload that is not JSON. The parser's own error is not kept as `cause`, because it quotes the
 * payload and errors are logged.
 */
export class UnparsableMessageError extends PermanentError {
  override readonly name = 'UnparsableMessageError';

  constructor(
    readonly messageId: string,
    readonly bytes: number,
  ) {
    super(
      `expected message ${messageId} to hold JSON, but its ${bytes} bytes do not parse; ` +
        'find it at the dead-letter desk and mend its publisher',
    );
  }
}

/**
 * Decodes the JSON of a raw message. The type is the caller's claim: only typed workers validate.
 *
 * @throws UnparsableMessageError if the bytes are not JSON.
 */
export const messageToJson = <Data>(
  message: Pick<RawMessage, 'data' | 'messageId'>,
): Data => {
  try {
    return JSON.parse(message.data.toString('utf8')) as Data;
  } catch {
    throw new UnparsableMessageError(message.messageId, message.data.length);
  }
};
