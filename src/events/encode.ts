import {
  type DescMessage,
  isMessage,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import type { z } from 'zod';

import { type EventProblem, InvalidEventError } from './errors.ts';
import type { JsonTopic, ProtobufTopic } from './topic.ts';

/** Bytes of a payload at most: Pub/Sub takes 10 MB a request, attributes and framing included. */
export const maxPayloadBytes = 9 * 1024 * 1024;
/** Bytes of a message's ordering key at most, as Pub/Sub documents. */
export const maxOrderingKeyBytes = 1024;

const problemsOf = (error: z.ZodError): EventProblem[] =>
  error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));

const encodeJson = (name: string, schema: z.ZodType, payload: unknown) => {
  const result = schema.safeParse(payload);
  if (!result.success)
    throw new InvalidEventError(name, problemsOf(result.error));
  let text: string | undefined;
  try {
    // The parsed payload, so that fields outside of the schema never leave the process.
    text = JSON.stringify(result.data);
  } catch {
    text = undefined;
  }
  if (text === undefined)
    throw new InvalidEventError(name, [
      {
        path: '',
        message: 'expected a value that JSON can hold (no BigInt, no circle)',
      },
    ]);
  return Buffer.from(text, 'utf8');
};

/** What the Protobuf runtime refused, without the value that its message ends with. */
const protobufProblem = (error: unknown): EventProblem => {
  const message = error instanceof Error ? error.message : String(error);
  const field = /^cannot encode field (\S+) to JSON: (.*?), got /s.exec(
    message,
  );
  return field?.[1] && field[2]
    ? { path: field[1], message: field[2] }
    : { path: '', message: message.replace(/, got .*/s, '') };
};

const encodeProtobuf = (
  name: string,
  message: DescMessage,
  payload: unknown,
) => {
  if (!isMessage(payload, message))
    throw new InvalidEventError(name, [
      {
        path: '',
        message: `expected a message made with create(), of type ${message.typeName}`,
      },
    ]);
  try {
    // toBinary alone would write the number 5 into a string field as "5"; toJson checks types.
    toJson(message, payload);
    return Buffer.from(toBinary(message, payload));
  } catch (error) {
    throw new InvalidEventError(name, [protobufProblem(error)]);
  }
};

/**
 * Validates a payload by its topic's schema and encodes it as its message's bytes.
 *
 * @throws InvalidEventError naming every wrong field, or the size if it is over 9 MiB.
 */
export const encodePayload = (
  name: string,
  topic: JsonTopic | ProtobufTopic,
  payload: unknown,
): Buffer => {
  const bytes =
    topic.kind === 'json'
      ? encodeJson(name, topic.schema, payload)
      : encodeProtobuf(name, topic.message, payload);
  if (bytes.length <= maxPayloadBytes) return bytes;
  throw new InvalidEventError(name, [
    {
      path: '',
      message:
        `expected at most ${maxPayloadBytes} bytes, got ${bytes.length}; ` +
        'store the large part and send its id',
    },
  ]);
};

/**
 * The ordering key that a message of Pub/Sub gets: the key as JSON text, in quotes, because change
 * data capture writes all keys as JSON. Events share an order only if they share this text.
 *
 * @throws InvalidEventError unless that is at most 1,024 bytes and the key is not empty, without NUL.
 */
export const publishedOrderingKey = (
  name: string,
  orderingKey: string,
): string => {
  const text = JSON.stringify(orderingKey);
  const bytes = Buffer.byteLength(text, 'utf8');
  if (
    orderingKey !== '' &&
    bytes <= maxOrderingKeyBytes &&
    !orderingKey.includes('\0')
  )
    return text;
  throw new InvalidEventError(name, [
    {
      path: 'orderingKey',
      message:
        `expected a key that is not empty, has no NUL and is at most ${maxOrderingKeyBytes} bytes ` +
        `as JSON text, got ${bytes} bytes`,
    },
  ]);
};
