import { isMessage } from '@bufbuild/protobuf';

import { type PubSubTopic, topics } from '../common/typedPubsub.ts';
import type { TopicDefinition } from '../events/topic.ts';
import { messageToJson, PermanentError, type RawMessage } from './worker.ts';

/** Problems that a message names; a list of a million wrong entries has a million of them. */
const shownProblems = 20;

const summary = (problems: readonly string[]): string => {
  const left = problems.length - shownProblems;
  const shown = problems.slice(0, shownProblems).join('; ');
  return left > 0 ? `${shown}; and ${left} more` : shown;
};

/**
 * A payload that does not fit the schema of its topic. Lists every problem, by field and without
 * the values, because errors are logged and payloads are not.
 */
export class InvalidPayloadError extends PermanentError {
  override readonly name = 'InvalidPayloadError';

  constructor(
    readonly topic: string,
    readonly problems: readonly string[],
  ) {
    super(
      `expected a payload that fits the schema of topic ${topic}, but: ${summary(problems)}. ` +
        'Mend its publisher; the payload is at the dead-letter desk.',
    );
  }
}

const parseProtobuf = (
  topic: PubSubTopic,
  definition: Extract<TopicDefinition, { kind: 'protobuf' }>,
  message: RawMessage,
  parseMessage: ((message: RawMessage) => unknown) | undefined,
): unknown => {
  const expected = definition.message.typeName;
  let decoded: unknown;
  try {
    decoded = parseMessage?.(message);
  } catch (error) {
    if (error instanceof PermanentError) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    throw new InvalidPayloadError(topic, [
      `expected the bytes of a ${expected}, got: ${problem}`,
    ]);
  }
  if (!isMessage(decoded, definition.message)) {
    throw new InvalidPayloadError(topic, [
      `expected parseMessage to return a ${expected}, got: ${typeof decoded}`,
    ]);
  }
  return decoded;
};

/**
 * Decodes a message and validates it against the schema of its topic. Row changes are left as
 * bytes for their legacy worker. Unknown fields are dropped.
 *
 * @param parseMessage the worker's own decoder, for topics of Protobuf messages.
 * @throws UnparsableMessageError if the bytes are not JSON.
 * @throws InvalidPayloadError if the schema does not hold.
 */
export const parsePayload = (
  topic: PubSubTopic,
  message: RawMessage,
  parseMessage?: (message: RawMessage) => unknown,
): unknown => {
  const definition: TopicDefinition = topics[topic];
  if (definition.kind === 'changes') return message.data;
  if (definition.kind === 'protobuf') {
    return parseProtobuf(topic, definition, message, parseMessage);
  }
  const result = definition.schema.safeParse(messageToJson(message));
  if (result.success) return result.data;
  throw new InvalidPayloadError(
    topic,
    result.error.issues.map(
      ({ path, message }) =>
        `${path.map(String).join('.') || '(payload)'}: ${message}`,
    ),
  );
};
