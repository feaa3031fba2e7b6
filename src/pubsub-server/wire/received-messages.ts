import type { Delivery } from '../delivery/subscription-state.ts';
import { varintSize, writeAscii, writeVarint } from './writer.ts';

const RECEIVED_MESSAGES_TAG = (1 << 3) | 2;
const ACK_ID_TAG = (1 << 3) | 2;
const MESSAGE_TAG = (2 << 3) | 2;
const DELIVERY_ATTEMPT_TAG = 3 << 3;

const receivedMessageSize = ({
  ackId,
  message,
  deliveryAttempt,
}: Delivery): number =>
  2 +
  ackId.length +
  1 +
  varintSize(message.bytes.length) +
  message.bytes.length +
  (deliveryAttempt === 0 ? 0 : 1 + varintSize(deliveryAttempt));

/**
 * Encodes deliveries as `repeated ReceivedMessage received_messages = 1`, which is the whole of a
 * PullResponse and, with nothing else set, of a StreamingPullResponse. Each stored message is
 * copied once, as bytes.
 *
 * @param properties - further encoded fields of the response, put after the messages.
 */
export const encodeReceivedMessages = (
  deliveries: readonly Delivery[],
  properties?: Buffer,
): Buffer => {
  const sizes = deliveries.map(receivedMessageSize);
  let total = properties?.length ?? 0;
  for (const size of sizes) total += 1 + varintSize(size) + size;
  const encoded = Buffer.allocUnsafe(total);
  let offset = 0;
  for (const [
    index,
    { ackId, message, deliveryAttempt },
  ] of deliveries.entries()) {
    encoded[offset++] = RECEIVED_MESSAGES_TAG;
    offset = writeVarint(encoded, offset, sizes[index] ?? 0);
    encoded[offset++] = ACK_ID_TAG;
    encoded[offset++] = ackId.length;
    offset = writeAscii(encoded, offset, ackId);
    encoded[offset++] = MESSAGE_TAG;
    offset = writeVarint(encoded, offset, message.bytes.length);
    offset += message.bytes.copy(encoded, offset);
    if (deliveryAttempt > 0) {
      encoded[offset++] = DELIVERY_ATTEMPT_TAG;
      offset = writeVarint(encoded, offset, deliveryAttempt);
    }
  }
  properties?.copy(encoded, offset);
  return encoded;
};
