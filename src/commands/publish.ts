import { type DescMessage, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { Command } from 'commander';

import {
  type IdentifiedTopic,
  type PubSubSchema,
  topics,
  triggerTypedEvent,
} from '../common/typedPubsub.ts';
import { config } from '../config.ts';
import { closeConnection } from '../db.ts';
import { encodePayload, publishedOrderingKey } from '../events/encode.ts';
import { eventId } from '../events/identity.ts';
import { eventAttributes } from '../events/outbox.ts';
import { similarNames } from '../events/similar-names.ts';
import type {
  JsonTopic,
  ProtobufTopic,
  TopicDefinition,
} from '../events/topic.ts';
import { createLogger } from '../logger.ts';
import { createPublisherClient } from '../host/clients.ts';
import { checkCredentials } from '../provision/credentials.ts';
import { InputError, parseJson, readInput } from './input.ts';

interface Options {
  readonly direct?: true;
  readonly file?: string;
  readonly json?: true;
  readonly orderingKey?: string;
}

type Definition = JsonTopic | ProtobufTopic;

const published: Readonly<Record<string, TopicDefinition>> = topics;

const eventTopics = Object.keys(published).filter(
  (name) => published[name]?.kind !== 'changes',
);

const definitionOf = (topic: string): Definition => {
  const definition = Object.hasOwn(published, topic)
    ? published[topic]
    : undefined;
  if (definition?.kind === 'changes')
    throw new InputError(
      `${topic} carries row changes, which change data capture publishes: change a row instead ` +
        '(see: nightshift sql --help)',
    );
  if (definition) return definition;
  const similar = similarNames(topic, eventTopics);
  throw new InputError(
    `expected a declared topic, got ${JSON.stringify(topic)}` +
      (similar.length > 0 ? `; did you mean ${similar.join(' or ')}?` : '') +
      `\nTopics:\n${eventTopics.map((name) => `  ${name}`).join('\n')}`,
  );
};

const decodeProtobuf = (message: DescMessage, json: unknown): unknown => {
  try {
    return fromJson(message, json as JsonValue);
  } catch (error) {
    throw new InputError(
      `expected ${message.typeName} as Protobuf JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};

/** What the command did, as `--json` shows it. */
interface Outcome {
  readonly topic: string;
  /** `null` for topics whose messages have no event id. */
  readonly eventId: string | null;
  readonly road: 'outbox' | 'direct';
  /** Given by Pub/Sub. */
  readonly messageId: string | null;
}

/** Publishes without the database; a topic without identity gets no event id, as its owner does it. */
const publishDirectly = async (
  topic: string,
  definition: Definition,
  payload: unknown,
  orderingKey: string | undefined,
): Promise<Outcome> => {
  const data = encodePayload(topic, definition, payload);
  const key =
    orderingKey === undefined
      ? undefined
      : publishedOrderingKey(topic, orderingKey);
  const id =
    definition.identity === 'event' ? eventId(topic, undefined) : undefined;
  const { PUBSUB_PROJECT_ID, PUBSUB_EMULATOR_HOST } = config();
  const pubsub = createPublisherClient({
    projectId: PUBSUB_PROJECT_ID,
    emulatorHost: PUBSUB_EMULATOR_HOST,
  });
  try {
    await checkCredentials(pubsub);
    const messageId = await pubsub
      .topic(topic, { messageOrdering: key !== undefined })
      .publishMessage({
        data,
        attributes:
          id === undefined
            ? {}
            : eventAttributes({
                id,
                topic,
                traceparent: undefined,
                cause: undefined,
              }),
        ...(key !== undefined && { orderingKey: key }),
      });
    return { topic, eventId: id ?? null, road: 'direct', messageId };
  } finally {
    await pubsub.close();
  }
};

const publishThroughOutbox = async (
  topic: IdentifiedTopic,
  payload: unknown,
  orderingKey: string | undefined,
): Promise<Outcome> => {
  try {
    const id = await triggerTypedEvent(
      createLogger('publish'),
      topic,
      // Validated against the topic's schema at run time.
      payload as PubSubSchema[typeof topic],
      { ...(orderingKey !== undefined && { orderingKey }) },
    );
    return { topic, eventId: id, road: 'outbox', messageId: null };
  } finally {
    await closeConnection();
  }
};

const readPayload = async (
  json: string | undefined,
  file: string | undefined,
): Promise<unknown> => {
  if ((json === undefined) === (file === undefined))
    throw new InputError(
      'expected the payload either as an argument or with --file, got ' +
        (json === undefined ? 'neither' : 'both'),
    );
  if (file !== undefined) return parseJson(await readInput(file));
  return parseJson(json === '-' ? await readInput('-') : json!);
};

const describe = ({ topic, eventId: id, road, messageId }: Outcome): string =>
  road === 'outbox'
    ? `event ${id} for ${topic} is in the outbox, from where change data capture publishes it`
    : `${id === null ? 'message' : `event ${id}`} for ${topic} is published as message ${messageId}`;

const run = async (
  topic: string,
  json: string | undefined,
  options: Options,
): Promise<void> => {
  const definition = definitionOf(topic);
  const given = await readPayload(json, options.file);
  const payload =
    definition.kind === 'protobuf'
      ? decodeProtobuf(definition.message, given)
      : given;
  const outcome =
    options.direct || definition.identity === 'none'
      ? await publishDirectly(topic, definition, payload, options.orderingKey)
      : await publishThroughOutbox(
          topic as IdentifiedTopic,
          payload,
          options.orderingKey,
        );
  console.log(options.json ? JSON.stringify(outcome) : describe(outcome));
};

/** `nightshift publish`: one valid event from the command line. */
export const publishCommand = (): Command =>
  new Command('publish')
    .description(
      'publish one event, validated as the application would validate it',
    )
    .argument('<topic>', 'a topic of src/common/typedPubsub.ts')
    .argument(
      '[json]',
      'the payload as JSON (Protobuf topics: Protobuf JSON), or - for the standard input',
    )
    .option(
      '--file <path>',
      'read the payload from a file, or - for the standard input',
    )
    .option(
      '--ordering-key <key>',
      'publish in order with other events of this key',
    )
    .option('--direct', 'publish straight to the broker, past the outbox')
    .option(
      '--json',
      'print { topic, eventId, road, messageId } as one line of JSON',
    )
    .addHelpText(
      'after',
      `
The event takes the outbox in the database, from where change data capture publishes it. Topics
whose messages carry no event id are published directly.

Environment: DATABASE_URL; with --direct PUBSUB_PROJECT_ID and PUBSUB_EMULATOR_HOST.

Examples:
  nightshift publish user-created '{"userId":"0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11"}'
  nightshift publish gondul.v1.candidate-opportunity-match --file match.json
  echo '{"commentId":"0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11"}' | nightshift publish comment-changed -`,
    )
    .action(run);
