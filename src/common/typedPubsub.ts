import { z } from 'zod';

import {
  changeTopic,
  jsonTopic,
  type PayloadOf,
  protobufTopic,
  type TopicDefinition,
} from '../events/topic.ts';
import { createTrigger, type TriggerOptions } from '../events/trigger.ts';
import { MatchedCandidateSchema } from '../generated/gondul/v1/matched_candidate_pb.ts';
import type { Logger } from '../logger.ts';

const postVote = z.object({ postId: z.uuid(), userId: z.uuid() });
/** A day (`2026-11-23`), or an ISO week (`2026-W48`), in the person's own time zone. */
const digestPeriod = z
  .string()
  .regex(/^\d{4}-(\d{2}-\d{2}|W\d{2})$/, 'expected a day or an ISO week');
const commentVote = z.object({ commentId: z.uuid(), userId: z.uuid() });

/**
 * Every topic with the schema of its messages: this one line types and validates them.
 * A topic has one publisher, named beside it. Logs show no field that `logged` does not name.
 */
export const topics = {
  // Published by resolvers: what a person did.
  'post-upvoted': jsonTopic(postVote, { logged: ['postId'] }),
  'post-upvote-canceled': jsonTopic(postVote, { logged: ['postId'] }),
  'comment-upvoted': jsonTopic(commentVote, { logged: ['commentId'] }),
  'comment-upvote-canceled': jsonTopic(commentVote, { logged: ['commentId'] }),
  /** A reply; `userId` wrote it. */
  'comment-commented': jsonTopic(
    z.object({
      commentId: z.uuid(),
      parentCommentId: z.uuid(),
      postId: z.uuid(),
      userId: z.uuid(),
    }),
    { logged: ['commentId', 'parentCommentId', 'postId'] },
  ),
  /** Many: published straight away. `userId` is missing for a visitor who is not known. */
  'post-viewed': jsonTopic(
    z.object({ postId: z.uuid(), userId: z.uuid().optional() }),
    { transport: 'direct', logged: ['postId'] },
  ),

  // Published by the workers of change data capture: what a row became, by whatever path.
  'user-created': jsonTopic(z.object({ userId: z.uuid() })),
  /** `changed` names columns of the table `user`. */
  'user-updated': jsonTopic(
    z.object({ userId: z.uuid(), changed: z.array(z.string()).min(1) }),
  ),
  /** A person is new, gone, or has another name, address or time zone: what a CRM knows of them. */
  'contact-changed': jsonTopic(z.object({ userId: z.uuid() })),
  'post-created': jsonTopic(z.object({ postId: z.uuid() }), {
    logged: ['postId'],
  }),
  /** A post is new, or its title or markdown changed. */
  'post-text-changed': jsonTopic(z.object({ postId: z.uuid() }), {
    logged: ['postId'],
  }),
  /** `changed` names columns of the table `post`. */
  'post-updated': jsonTopic(
    z.object({ postId: z.uuid(), changed: z.array(z.string()).min(1) }),
    { logged: ['postId'] },
  ),
  'comment-created': jsonTopic(z.object({ commentId: z.uuid() }), {
    logged: ['commentId'],
  }),
  /** A comment is new, or its markdown changed. */
  'comment-changed': jsonTopic(z.object({ commentId: z.uuid() }), {
    logged: ['commentId'],
  }),
  'api.v1.new-notification': jsonTopic(
    z.object({ notificationId: z.uuid(), userId: z.uuid() }),
    { logged: ['notificationId'] },
  ),

  // Published by the generator of digests.
  'api.v1.generate-personalized-digest': jsonTopic(
    z.object({ userId: z.uuid(), period: digestPeriod }),
    { logged: ['period'] },
  ),

  // Published by the matching system, without event ids.
  'gondul.v1.candidate-opportunity-match': protobufTopic(
    MatchedCandidateSchema,
    { identity: 'none' },
  ),

  // Published by the streamer or Debezium: row changes in Debezium's envelope.
  'api.changes': changeTopic(),
  'api.v1.cdc-notifications': changeTopic(),
} satisfies Record<string, TopicDefinition>;

type Topics = typeof topics;

/** The name of any topic. */
export type PubSubTopic = keyof Topics;

/** The topics whose messages are events with a schema, and so can be triggered and typed. */
export type EventTopic = {
  [T in PubSubTopic]: Topics[T] extends { kind: 'changes' } ? never : T;
}[PubSubTopic];

/** The topics of row changes. */
export type ChangesTopic = Exclude<PubSubTopic, EventTopic>;

/** The topics whose messages carry an event id. */
export type IdentifiedTopic = {
  [T in EventTopic]: Topics[T] extends { identity: 'event' } ? T : never;
}[EventTopic];

/** The topics whose messages are Protobuf. */
export type ProtobufTopicName = {
  [T in EventTopic]: Topics[T] extends { kind: 'protobuf' } ? T : never;
}[EventTopic];

/** The type of a message by its topic. */
export type PubSubSchema = { [T in EventTopic]: PayloadOf<Topics[T]> };

const trigger = createTrigger(topics);

/**
 * Triggers an event: validates it by its topic's schema, gives it its id, cause and trace context
 * and writes it down in the outbox, from where change data capture publishes it. It joins the
 * transaction of `options.manager`, or of the transactional handler that runs. A handler that runs
 * again triggers the same ids again.
 *
 * @returns the event's id, once the event can no longer be lost (with a manager: once it commits).
 * @throws InvalidEventError if payload or ordering key are not as declared, UnknownTopicError,
 * EventLostError if neither broker nor outbox took an event of a direct topic, and whatever
 * Postgres says. Nothing was triggered then.
 */
export const triggerTypedEvent = async <Topic extends IdentifiedTopic>(
  logger: Logger,
  topic: Topic,
  payload: PubSubSchema[Topic],
  options: TriggerOptions = {},
): Promise<string> => trigger(logger, topic, payload, options);
