import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { z } from 'zod';

/**
 * How a message of a topic is recognised when it comes again.
 * - `event`: attribute `id`, stamped by `triggerTypedEvent`;
 * - `row-change`: computed from the change itself;
 * - `none`: another system publishes it without an id, so no worker of it can be transactional.
 */
export type Identity = 'event' | 'row-change' | 'none';

/**
 * The road a published event takes.
 * - `outbox`: through the table, in the caller's transaction; never lost, never overtaken;
 * - `direct`: published straight away for high rates, the outbox only as a fallback.
 */
export type Transport = 'outbox' | 'direct';

/** A topic of JSON messages; the schema both types and validates them. */
export interface JsonTopic<Schema extends z.ZodType = z.ZodType> {
  readonly kind: 'json';
  readonly schema: Schema;
  readonly identity: 'event' | 'none';
  readonly transport: Transport;
  /** The fields that logs may show; of every other one they show nothing. */
  readonly logged: readonly string[];
}

/** A topic of binary Protobuf messages. */
export interface ProtobufTopic<
  Message extends DescMessage = DescMessage,
  Id extends 'event' | 'none' = 'event' | 'none',
> {
  readonly kind: 'protobuf';
  readonly message: Message;
  readonly identity: Id;
  readonly transport: Transport;
  /** The fields that logs may show; of every other one they show nothing. */
  readonly logged: readonly string[];
}

/** A topic of row changes in Debezium's envelope, served by legacy workers. */
export interface ChangeTopic {
  readonly kind: 'changes';
  readonly identity: 'row-change';
}

export type TopicDefinition = JsonTopic | ProtobufTopic | ChangeTopic;

/** The type of a topic's decoded messages. */
export type PayloadOf<Definition> =
  Definition extends JsonTopic<infer Schema>
    ? z.infer<Schema>
    : Definition extends ProtobufTopic<infer Message>
      ? MessageShape<Message>
      : never;

/** What a topic may set; `Field` is a field of its messages. */
interface TopicOptions<Field> {
  /** @default 'outbox' */
  readonly transport?: Transport;
  /**
   * Fields that the log line of a failure shows, for whoever looks into it: identifiers of content,
   * never of people, because no `nightshift forget` reaches a log. @default none
   */
  readonly logged?: readonly (Field & string)[];
}

/**
 * Declares a topic of JSON messages. Unknown fields of a message are dropped, so that a newer
 * publisher never breaks an older worker.
 */
export const jsonTopic = <Schema extends z.ZodType>(
  schema: Schema,
  options: TopicOptions<keyof z.infer<Schema>> = {},
): JsonTopic<Schema> & { readonly identity: 'event' } => ({
  kind: 'json',
  schema,
  identity: 'event',
  transport: options.transport ?? 'outbox',
  logged: options.logged ?? [],
});

/** Declares a topic of Protobuf messages; `identity: 'none'` when another system publishes it. */
export const protobufTopic = <
  Message extends DescMessage,
  Id extends 'event' | 'none' = 'event',
>(
  message: Message,
  options: TopicOptions<keyof MessageShape<Message>> & {
    readonly identity?: Id;
  } = {},
): ProtobufTopic<Message, Id> => ({
  kind: 'protobuf',
  message,
  identity: options.identity ?? ('event' as Id),
  transport: options.transport ?? 'outbox',
  logged: options.logged ?? [],
});

/** Declares a topic of row changes. */
export const changeTopic = (): ChangeTopic => ({
  kind: 'changes',
  identity: 'row-change',
});
