import type { StoredMessage } from '../message.ts';
import { projectOf, shortName } from '../resources/names.ts';
import {
  type PublishedMessage,
  readPublishedMessage,
} from '../wire/publish-request.ts';
import { varintSize, writeVarint } from '../wire/writer.ts';

const encodeAttribute = (name: string, value: string): Buffer => {
  const key = Buffer.from(name);
  const content = Buffer.from(value);
  const entrySize =
    1 +
    varintSize(key.length) +
    key.length +
    1 +
    varintSize(content.length) +
    content.length;
  const encoded = Buffer.allocUnsafe(1 + varintSize(entrySize) + entrySize);
  encoded[0] = (2 << 3) | 2;
  let offset = writeVarint(encoded, 1, entrySize);
  encoded[offset++] = (1 << 3) | 2;
  offset = writeVarint(encoded, offset, key.length);
  offset += key.copy(encoded, offset);
  encoded[offset++] = (2 << 3) | 2;
  offset = writeVarint(encoded, offset, content.length);
  content.copy(encoded, offset);
  return encoded;
};

/**
 * A message as it is forwarded to a dead-letter topic: payload, attributes and ordering key as they
 * were, and the attributes of
 * https://cloud.google.com/pubsub/docs/dead-letter-topics#track-delivery-attempts that say where it failed.
 */
export const forwardedMessage = (
  message: StoredMessage,
  subscription: string,
  deliveryAttempts: number,
): PublishedMessage =>
  readPublishedMessage(
    Buffer.concat([
      message.bytes,
      encodeAttribute(
        'CloudPubSubDeadLetterSourceDeliveryCount',
        String(deliveryAttempts),
      ),
      encodeAttribute(
        'CloudPubSubDeadLetterSourceSubscription',
        shortName(subscription),
      ),
      encodeAttribute(
        'CloudPubSubDeadLetterSourceSubscriptionProject',
        projectOf(subscription),
      ),
      encodeAttribute(
        'CloudPubSubDeadLetterSourceTopicPublishTime',
        new Date(message.publishTime).toISOString().replace('Z', '+00:00'),
      ),
    ]),
    0,
    undefined,
    false,
  );
