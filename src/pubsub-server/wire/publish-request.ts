import { invalidArgument } from '../errors.ts';
import type { StoredMessage } from '../message.ts';
import { WireReader } from './reader.ts';
import { varintSize, writeAscii, writeVarint } from './writer.ts';

/** One message of a publish request: where its bytes stand, and what publishing has to know of it. */
export interface PublishedMessage {
  readonly bytes: Buffer;
  readonly orderingKey: string;
}

export interface PublishRequest {
  readonly topic: string;
  readonly messages: readonly PublishedMessage[];
  /** Of the whole encoded request. */
  readonly size: number;
}

/** Limits of https://cloud.google.com/pubsub/quotas#resource_limits */
export const publishLimits = {
  requestBytes: 10 * 1024 * 1024,
  messages: 1000,
  orderingKeyBytes: 1024,
  attributes: 100,
  attributeKeyBytes: 256,
  attributeValueBytes: 1024,
} as const;

const tooLarge = (field: string, given: number, maximum: number) =>
  invalidArgument(
    `The value for ${field} is too large. You passed ${given} in the request, but the maximum value is ${maximum}.`,
  );

const checkAttribute = (buffer: Buffer, start: number, end: number): void => {
  const reader = new WireReader(buffer, start, end);
  let keyBytes = 0;
  let valueBytes = 0;
  while (reader.next()) {
    if (reader.field === 1) keyBytes = reader.length();
    else if (reader.field === 2) valueBytes = reader.length();
    else {
      reader.skip();
      continue;
    }
    reader.position += reader.field === 1 ? keyBytes : valueBytes;
  }
  if (keyBytes === 0)
    throw invalidArgument('Message attribute keys must be non-empty.');
  if (keyBytes > publishLimits.attributeKeyBytes)
    throw tooLarge(
      'attribute_key_size',
      keyBytes,
      publishLimits.attributeKeyBytes,
    );
  if (valueBytes > publishLimits.attributeValueBytes)
    throw tooLarge(
      'attribute_value_size',
      valueBytes,
      publishLimits.attributeValueBytes,
    );
};

/**
 * Reads one encoded PubsubMessage in place; id and publish time, which only the service gives, are
 * cut out. Forwarding a dead letter adds attributes and is not held to their limits.
 */
export const readPublishedMessage = (
  buffer: Buffer,
  start = 0,
  end = buffer.length,
  limited = true,
): PublishedMessage => {
  const reader = new WireReader(buffer, start, end);
  const kept: Buffer[] = [];
  let keptFrom = start;
  let dataBytes = 0;
  let attributes = 0;
  let orderingKey = '';
  while (reader.next()) {
    const { tagStart } = reader;
    switch (reader.field) {
      case 1:
        dataBytes = reader.length();
        reader.position += dataBytes;
        break;
      case 2: {
        const length = reader.length();
        attributes += 1;
        if (limited)
          checkAttribute(buffer, reader.position, reader.position + length);
        reader.position += length;
        break;
      }
      case 3:
      case 4:
        reader.skip();
        kept.push(buffer.subarray(keptFrom, tagStart));
        keptFrom = reader.position;
        break;
      case 5: {
        const from = reader.position;
        orderingKey = reader.string();
        const length = reader.position - from;
        if (length > publishLimits.orderingKeyBytes + 2)
          throw tooLarge(
            'ordering_key_size',
            Buffer.byteLength(orderingKey),
            publishLimits.orderingKeyBytes,
          );
        break;
      }
      default:
        reader.skip();
    }
  }
  if (dataBytes === 0 && attributes === 0)
    throw invalidArgument(
      'One or more messages in the publish request is empty. Each message must contain either non-empty data, or at least one attribute.',
    );
  if (limited && attributes > publishLimits.attributes)
    throw tooLarge('num_attributes', attributes, publishLimits.attributes);
  const last = buffer.subarray(keptFrom, end);
  return {
    bytes: kept.length === 0 ? last : Buffer.concat([...kept, last]),
    orderingKey,
  };
};

const MESSAGES_TAG = (2 << 3) | 2;

/** An encoded `google.pubsub.v1.PublishRequest` of one message, without its topic. */
export const writePublishRequest = ({ bytes }: PublishedMessage): Buffer => {
  const head = Buffer.alloc(1 + varintSize(bytes.length));
  head[0] = MESSAGES_TAG;
  writeVarint(head, 1, bytes.length);
  return Buffer.concat([head, bytes]);
};

/**
 * Reads an encoded `google.pubsub.v1.PublishRequest` without decoding its messages.
 *
 * @param limited whether it has to keep to the service's limits, as one that was taken before has not
 * @throws PubSubError INVALID_ARGUMENT for a message beyond the service's limits or an empty one.
 */
export const readPublishRequest = (
  buffer: Buffer,
  limited = true,
): PublishRequest => {
  if (limited && buffer.length > publishLimits.requestBytes)
    throw tooLarge('request_size', buffer.length, publishLimits.requestBytes);
  const reader = new WireReader(buffer);
  const messages: PublishedMessage[] = [];
  let topic = '';
  while (reader.next()) {
    if (reader.field === 1) topic = reader.string();
    else if (reader.field === 2) {
      const length = reader.length();
      const from = reader.position;
      messages.push(readPublishedMessage(buffer, from, from + length, limited));
      reader.position = from + length;
    } else reader.skip();
  }
  return { topic, messages, size: buffer.length };
};

const NANOSECONDS_A_MILLISECOND = 1_000_000;

/**
 * The message as it is stored: the publisher's bytes, copied (so that one unacknowledged message
 * does not hold a request of megabytes in memory), followed by id and publish time.
 */
export const storeMessage = (
  { bytes, orderingKey }: PublishedMessage,
  id: string,
  publishTime: number,
): StoredMessage => {
  const seconds = Math.floor(publishTime / 1000);
  const nanoseconds =
    Math.floor(publishTime % 1000) * NANOSECONDS_A_MILLISECOND;
  const timestampSize = 2 + varintSize(seconds) + varintSize(nanoseconds);
  const stored = Buffer.allocUnsafe(
    bytes.length + 2 + id.length + 2 + timestampSize,
  );
  bytes.copy(stored, 0);
  let offset = bytes.length;
  stored[offset++] = (3 << 3) | 2;
  stored[offset++] = id.length;
  offset = writeAscii(stored, offset, id);
  stored[offset++] = (4 << 3) | 2;
  stored[offset++] = timestampSize;
  stored[offset++] = 1 << 3;
  offset = writeVarint(stored, offset, seconds);
  stored[offset++] = 2 << 3;
  writeVarint(stored, offset, nanoseconds);
  return { id, bytes: stored, publishTime, orderingKey };
};

/** The attributes of an encoded PubsubMessage. */
export const readAttributes = (message: Buffer): Map<string, string> => {
  const attributes = new Map<string, string>();
  const reader = new WireReader(message);
  while (reader.next()) {
    if (reader.field !== 2) {
      reader.skip();
      continue;
    }
    const length = reader.length();
    const entry = new WireReader(
      message,
      reader.position,
      reader.position + length,
    );
    let key = '';
    let value = '';
    while (entry.next()) {
      if (entry.field === 1) key = entry.string();
      else if (entry.field === 2) value = entry.string();
      else entry.skip();
    }
    attributes.set(key, value);
    reader.position += length;
  }
  return attributes;
};
