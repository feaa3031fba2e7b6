/**
 * Every disagreement between topic, worker, registry and declaration is a compile error. This file
 * is compiled, never run: each `@ts-expect-error` fails the build if its line ever compiles.
 */
import { fromBinary } from '@bufbuild/protobuf';

import type {
  personalizedDigestWorkers as declaredDigestWorkers,
  SubscriptionDeclaration,
  workers as declaredWorkers,
} from '../../.infra/common.ts';
import { triggerTypedEvent } from '../../src/common/typedPubsub.ts';
import { MatchedCandidateSchema } from '../../src/generated/gondul/v1/matched_candidate_pb.ts';
import type { Logger } from '../../src/logger.ts';
import {
  personalizedDigestWorkers,
  typedWorkers,
  workers,
} from '../../src/workers/index.ts';
import type { NotificationHandlerReturn } from '../../src/workers/notifications/notification.ts';
import type { TypedNotificationWorker } from '../../src/workers/notifications/worker.ts';
import type {
  ChangesRegistry,
  TypedRegistry,
} from '../../src/workers/registry.ts';
import type { TypedWorker, Worker } from '../../src/workers/worker.ts';

declare const logger: Logger;
type Declared = (typeof declaredWorkers)[number];
type DeclaredDigest = (typeof declaredDigestWorkers)[number];

// What is right compiles.

const right: TypedWorker<'post-upvoted'> = {
  subscription: 'post-upvoted-rep',
  handler: async ({ data }, con) => {
    await con.query('select $1::uuid', [data.postId satisfies string]);
    await con.transaction(async () => undefined);
  },
};

const rightTransactional: TypedWorker<'post-upvoted'> = {
  subscription: 'post-upvoted-rep',
  transactional: true,
  handler: async (_message, con) => {
    await con.query('select 1');
    // @ts-expect-error: a transactional handler has the transaction, not the connection pool
    void con.isInitialized;
  },
};

const rightProtobuf: TypedWorker<'gondul.v1.candidate-opportunity-match'> = {
  subscription: 'api.store-candidate-opportunity-match',
  parseMessage: ({ data }) => fromBinary(MatchedCandidateSchema, data),
  handler: async ({ data }) => void (data.rank satisfies number),
};

// A topic that does not exist.

// @ts-expect-error: no such topic
type WrongTopic = TypedWorker<'post-uploaded'>;

// @ts-expect-error: row changes have no schema; their workers are legacy workers
type ChangesTopicTyped = TypedWorker<'api.changes'>;

// A field that the payload does not have.

const wrongField: TypedWorker<'post-upvoted'> = {
  subscription: 'post-upvoted-rep',
  handler: async ({ data }) => {
    // @ts-expect-error: the payload has postId and userId
    void data.commentId;
  },
};

// A subscription that is not declared, or is declared for another topic.

const undeclared: TypedWorker<'post-upvoted'> = {
  // @ts-expect-error: not declared
  subscription: 'post-upvoted-rap',
  handler: async () => undefined,
};

const ofAnotherTopic: TypedWorker<'post-upvoted'> = {
  // @ts-expect-error: declared for post-upvote-canceled
  subscription: 'post-upvote-canceled-rep',
  handler: async () => undefined,
};

const withoutDeclaration: TypedWorker<'post-updated'> = {
  // @ts-expect-error: nothing is declared for this topic yet
  subscription: 'post-updated-search',
  handler: async () => undefined,
};

const notificationOfAnotherTopic: TypedNotificationWorker<'post-upvoted'> = {
  // @ts-expect-error: declared for comment-commented
  subscription: 'api.comment-reply-notification',
  handler: async () => undefined,
};

const legacyOfEventTopic: Worker = {
  // @ts-expect-error: declared for a topic of events
  subscription: 'post-upvoted-rep',
  handler: async () => undefined,
};

// Protobuf.

// @ts-expect-error: parseMessage is missing
const withoutParseMessage: TypedWorker<'gondul.v1.candidate-opportunity-match'> =
  {
    subscription: 'api.store-candidate-opportunity-match',
    handler: async () => undefined,
  };

const parsesSomethingElse: TypedWorker<'gondul.v1.candidate-opportunity-match'> =
  {
    subscription: 'api.store-candidate-opportunity-match',
    // @ts-expect-error: not the topic's message
    parseMessage: () => ({ userId: 'someone' }),
    handler: async () => undefined,
  };

const parsesJson: TypedWorker<'post-upvoted'> = {
  subscription: 'post-upvoted-rep',
  // @ts-expect-error: JSON is parsed and validated by the topic's schema
  parseMessage: () => ({ postId: '', userId: '' }),
  handler: async () => undefined,
};

// Transactions.

const transactionalWithoutIds: TypedWorker<'gondul.v1.candidate-opportunity-match'> =
  {
    subscription: 'api.store-candidate-opportunity-match',
    parseMessage: ({ data }) => fromBinary(MatchedCandidateSchema, data),
    // @ts-expect-error: messages of this topic have no event ids
    transactional: true,
    handler: async () => undefined,
  };

// Notifications.

const wrongContext: NotificationHandlerReturn = [
  {
    type: 'comment_reply',
    // @ts-expect-error: the context of another type
    ctx: { userIds: [], post: { id: '', title: '' }, upvotes: 1 },
  },
];

const unknownType: NotificationHandlerReturn = [
  // @ts-expect-error: no builder of this type
  { type: 'post_deleted', ctx: { userIds: [] } },
];

// The registry: declared = registered.

typedWorkers satisfies TypedRegistry<Declared>;
workers satisfies ChangesRegistry<Declared>;
personalizedDigestWorkers satisfies TypedRegistry<DeclaredDigest>;

type And<Declaration extends SubscriptionDeclaration> = Declared | Declaration;

// @ts-expect-error: declared but not registered
typedWorkers satisfies TypedRegistry<
  And<{ topic: 'post-upvoted'; subscription: 'post-upvoted-badge' }>
>;

// @ts-expect-error: declared but not registered
workers satisfies ChangesRegistry<
  And<{ topic: 'api.changes'; subscription: 'api-cdc-audit' }>
>;

const forUnknownTopic: TypedRegistry<
  And<{ topic: 'post-uploaded'; subscription: 'post-uploaded-rep' }>
> = {
  ...typedWorkers,
  // @ts-expect-error: declared for a topic that does not exist
  'post-uploaded-rep': typedWorkers['post-upvoted-rep'],
};

const registeredNotDeclared: TypedRegistry<Declared> = {
  ...typedWorkers,
  // @ts-expect-error: not declared
  'post-upvoted-badge': typedWorkers['post-upvoted-rep'],
};

const inTheWrongPlace: TypedRegistry<Declared> = {
  ...typedWorkers,
  // @ts-expect-error: a worker of another topic
  'post-upvote-canceled-rep': typedWorkers['post-upvoted-rep'],
};

// Events.

void triggerTypedEvent(logger, 'post-upvoted', { postId: '', userId: '' });

// @ts-expect-error: a field is missing
void triggerTypedEvent(logger, 'post-upvoted', { postId: '' });

// @ts-expect-error: no such field
void triggerTypedEvent(logger, 'post-upvoted', { postId: '', uid: '' });

// @ts-expect-error: no such topic
void triggerTypedEvent(logger, 'post-uploaded', { postId: '', userId: '' });

// @ts-expect-error: row changes are published by change data capture alone
void triggerTypedEvent(logger, 'api.changes', {});

export type Unused = WrongTopic | ChangesTopicTyped;
export const unused = [
  right,
  rightTransactional,
  rightProtobuf,
  wrongField,
  undeclared,
  ofAnotherTopic,
  withoutDeclaration,
  notificationOfAnotherTopic,
  legacyOfEventTopic,
  withoutParseMessage,
  parsesSomethingElse,
  parsesJson,
  transactionalWithoutIds,
  wrongContext,
  unknownType,
  forUnknownTopic,
  registeredNotDeclared,
  inTheWrongPlace,
];
