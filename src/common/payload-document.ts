import {
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';

import type { TopicDefinition } from '../events/topic.ts';
import { topics } from './typedPubsub.ts';

const definitions: Readonly<Record<string, TopicDefinition>> = topics;

const parse = (payload: Buffer): unknown =>
  JSON.parse(payload.toString('utf8'));

/**
 * A payload as JSON, for people, searches and paths: the JSON that it is, a Protobuf message in its
 * JSON form, a row change as `{ payload: { before, after, … } }` without its schema. `undefined` if it
 * cannot be read as what its topic says. Validates nothing and never throws.
 */
export const payloadDocument = (topic: string, payload: Buffer): unknown => {
  const definition = Object.hasOwn(definitions, topic)
    ? definitions[topic]
    : undefined;
  try {
    if (definition?.kind === 'protobuf')
      return toJson(
        definition.message,
        fromBinary(definition.message, payload),
      );
    const document = parse(payload);
    return definition?.kind === 'changes'
      ? { payload: (document as { payload?: unknown } | null)?.payload }
      : document;
  } catch {
    return undefined;
  }
};

/**
 * The bytes of a payload in a topic, from the JSON that `payloadDocument` shows.
 *
 * @throws Error if it is no message of the topic, or a row's change, which is what Postgres said
 */
export const encodeDocument = (topic: string, document: unknown): Buffer => {
  const definition = Object.hasOwn(definitions, topic)
    ? definitions[topic]
    : undefined;
  if (definition?.kind === 'changes')
    throw new Error(
      `expected an event, got a change of a row (${topic}), which says what was committed; change the row, and a new one comes`,
    );
  if (definition?.kind === 'protobuf')
    return Buffer.from(
      toBinary(
        definition.message,
        fromJson(definition.message, document as JsonValue),
      ),
    );
  return Buffer.from(JSON.stringify(document));
};
