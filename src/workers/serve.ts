import type { PubSub } from '@google-cloud/pubsub';
import type { DataSource, EntityManager } from 'typeorm';

import {
  type Duration,
  personalizedDigestWorkers,
  resolveSubscription,
  type SubscriptionDeclaration,
  workers,
} from '../../.infra/common.ts';
import type { RowChangeFacts } from '../causality/record.ts';
import type { ChangeMessage } from '../cdc/change-message.ts';
import { rowChangeFacts } from '../causality/row-change.ts';
import { rowChangeId } from '../cdc/identity.ts';
import { type PubSubTopic, topics } from '../common/typedPubsub.ts';
import type { TopicDefinition } from '../events/topic.ts';
import type { ServedWorker } from '../host/served-worker.ts';
import type { Logger } from '../logger.ts';
import { Batcher } from './batcher.ts';
import { parsePayload } from './payload.ts';
import {
  type BatchFailures,
  type Message,
  messageToJson,
  type RawMessage,
  type WorkerOptions,
} from './worker.ts';

/** A worker of any kind and topic. Methods, because only they accept handlers of every payload. */
export interface AnyWorker extends WorkerOptions {
  readonly subscription: string;
  readonly transactional?: boolean;
  parseMessage?(message: RawMessage): unknown;
  handler?(
    message: Message<unknown>,
    con: DataSource | EntityManager,
    logger: Logger,
    pubsub: PubSub,
  ): Promise<void>;
  handleBatch?(
    messages: readonly Message<unknown>[],
    con: DataSource,
    logger: Logger,
    pubsub: PubSub,
  ): Promise<BatchFailures<unknown> | void>;
  readonly maxBatchSize?: number;
  readonly maxBatchWaitMilliseconds?: number;
}

/** A worker has no handler, or two, where types could not tell. */
export class HandlerMissingError extends Error {
  override readonly name = 'HandlerMissingError';

  constructor(readonly subscription: string) {
    super(
      `expected the worker of '${subscription}' to have either handler or handleBatch`,
    );
  }
}

/** A worker stands in the registry under a name that is not its subscription. */
export class MisplacedWorkerError extends Error {
  override readonly name = 'MisplacedWorkerError';

  constructor(
    readonly key: string,
    readonly subscription: string,
  ) {
    super(
      `expected the worker registered as '${key}' to have subscription '${key}', got: ` +
        `'${subscription}'; set it right in src/workers/index.ts`,
    );
  }
}

/** A worker's subscription is declared not at all, or more than once. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError';

  constructor(
    readonly subscription: string,
    readonly declarations: number,
  ) {
    super(
      `expected one declaration of subscription '${subscription}' in .infra/common.ts, ` +
        `got: ${declarations}`,
    );
  }
}

const declarations: readonly SubscriptionDeclaration[] = [
  ...workers,
  ...personalizedDigestWorkers,
];

const declarationOf = (subscription: string): SubscriptionDeclaration => {
  const [declaration, ...more] = declarations.filter(
    (candidate) => candidate.subscription === subscription,
  );
  if (!declaration || more.length > 0) {
    throw new DeclarationError(subscription, declaration ? more.length + 1 : 0);
  }
  return declaration;
};

const BATCH_SIZE = 500;

/** Milliseconds. */
const BATCH_WAIT = 10;

const seconds = (duration: Duration): number => Number.parseFloat(duration);

/** What messages tell of row changes; kept, because parsing an envelope once more costs more than all else of it. */
const changes = new WeakMap<RawMessage, RowChangeFacts>();

/** A message that cannot be read has no event id: saying why is the task of its handler. */
const rowChangeEventId = (message: RawMessage): string | undefined => {
  try {
    const { payload } = messageToJson<ChangeMessage<unknown>>(message);
    if (!('op' in payload)) return undefined;
    const id = rowChangeId(payload, message.orderingKey);
    const facts = rowChangeFacts(payload, message.orderingKey);
    if (facts) changes.set(message, facts);
    return id;
    // eslint-disable-next-line no-restricted-syntax -- its handler runs into the same error.
  } catch {
    return undefined;
  }
};

const eventId = (
  { identity }: TopicDefinition,
  message: RawMessage,
): string | undefined => {
  if (identity === 'none') return undefined;
  if (identity === 'row-change') return rowChangeEventId(message);
  return message.attributes['id'] || undefined;
};

/** Handles one message, be it alone or as one of a batch. */
const runOf = (worker: AnyWorker): ServedWorker['run'] => {
  const { subscription } = worker;
  const handler = worker.handler?.bind(worker);
  const handleBatch = worker.handleBatch?.bind(worker);
  if (handler && !handleBatch) return handler;
  if (handler || !handleBatch) throw new HandlerMissingError(subscription);
  const batcher = new Batcher<unknown>({
    subscription,
    size: worker.maxBatchSize ?? BATCH_SIZE,
    wait: worker.maxBatchWaitMilliseconds ?? BATCH_WAIT,
    handleBatch,
  });
  return (message, con, logger, pubsub) =>
    // Batch workers are never transactional, so theirs is the pool.
    batcher.handle(message, con as DataSource, logger, pubsub);
};

/** Each transactional handler holds a connection: those of a process are to fit into its pool. */
const TRANSACTIONAL_MESSAGES = 5;

const maxMessagesOf = (worker: AnyWorker): number => {
  if (worker.maxMessages !== undefined) return worker.maxMessages;
  if (worker.handleBatch !== undefined)
    return 2 * (worker.maxBatchSize ?? BATCH_SIZE);
  return worker.transactional === true ? TRANSACTIONAL_MESSAGES : 20;
};

/**
 * Joins a worker with its declaration and its topic.
 *
 * @throws DeclarationError if its subscription is not declared exactly once.
 * @throws HandlerMissingError
 */
export const servedWorker = (worker: AnyWorker): ServedWorker => {
  const resolved = resolveSubscription(declarationOf(worker.subscription));
  // The type of the registry knows that every declared topic exists.
  const topic = resolved.topic as PubSubTopic;
  return {
    subscription: resolved.subscription,
    topic,
    ordered: resolved.enableMessageOrdering,
    ackDeadlineSeconds: resolved.ackDeadlineSeconds,
    maxMessages: maxMessagesOf(worker),
    timeoutSeconds: worker.timeoutSeconds ?? 60,
    maxFailures: resolved.maxFailures,
    retryBackoff: {
      minimumSeconds: seconds(resolved.retryPolicy.minimumBackoff),
      maximumSeconds: seconds(resolved.retryPolicy.maximumBackoff),
    },
    transactional: worker.transactional ?? false,
    parse: (message) =>
      parsePayload(topic, message, worker.parseMessage?.bind(worker)),
    eventId: (message) => eventId(topics[topic], message),
    change: (message) => changes.get(message),
    run: runOf(worker),
  };
};

/**
 * Turns a registry into what the host serves, and checks what types cannot: that each worker stands
 * under its own subscription.
 *
 * @throws MisplacedWorkerError
 * @throws DeclarationError
 */
export const servedWorkers = (
  registry: Readonly<Record<string, AnyWorker>>,
): ServedWorker[] =>
  Object.entries(registry).map(([key, worker]) => {
    if (key !== worker.subscription) {
      throw new MisplacedWorkerError(key, worker.subscription);
    }
    return servedWorker(worker);
  });
