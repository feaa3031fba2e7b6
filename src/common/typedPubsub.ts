import { z } from 'zod';

import {
  changeTopic,
  jsonTopic,
  type PayloadOf,
  type TopicDefinition,
} from '../events/topic.ts';

const postVote = z.object({ postId: z.uuid(), userId: z.uuid() });
const commentVote = z.object({ commentId: z.uuid(), userId: z.uuid() });

/**
 * Every topic with the schema of its messages: this one line types and validates them.
 * A topic has one publisher, named beside it.
 */
export const topics = {
  // Published by resolvers: what a person did.
  'post-upvoted': jsonTopic(postVote),
  'post-upvote-canceled': jsonTopic(postVote),
  'comment-upvoted': jsonTopic(commentVote),
  'comment-upvote-canceled': jsonTopic(commentVote),

  // Published by change data capture: what a row became.
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
