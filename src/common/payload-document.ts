import { fromBinary, toJson } from '@bufbuild/protobuf';

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
