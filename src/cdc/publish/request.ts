import type { OutgoingMessage } from '../outgoing-message.ts';

/** The part of a message that the broker is given. */
export type RequestMessage = Pick<
  OutgoingMessage,
  'data' | 'parts' | 'attributes' | 'orderingKey'
>;

/** Field numbers of google.pubsub.v1: of PublishRequest, of PubsubMessage, and of an entry of its attributes. */
const requestFields = { topic: 1, messages: 2 } as const;
const messageFields = { data: 1, attributes: 2, orderingKey: 5 } as const;
const entryFields = { name: 1, value: 2 } as const;

/** Bytes of a varint of a whole number under 2^31. */
const varintBytes = (value: number): number => {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes += 1;
  return bytes;
};

/** Bytes of a field with its tag and its length. */
const fieldBytes = (length: number): number => 1 + varintBytes(length) + length;

const entryBytes = (name: string, value: string): number =>
  fieldBytes(Buffer.byteLength(name)) + fieldBytes(Buffer.byteLength(value));

const dataBytes = (message: RequestMessage): number =>
  message.parts
    ? message.parts[0].length + message.parts[1].length
    : message.data.length;

const messageBytes = (message: RequestMessage): number => {
  const { attributes, orderingKey } = message;
  let bytes =
    fieldBytes(dataBytes(message)) + fieldBytes(Buffer.byteLength(orderingKey));
  for (const name in attributes)
    bytes += fieldBytes(entryBytes(name, attributes[name]!));
  return bytes;
};

/** Writes into a buffer that has room for all that comes. */
class RequestWriter {
  readonly buffer: Buffer;
  #offset = 0;

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafe(bytes);
  }

  /** The beginning of a field of so many bytes. */
  field(number: number, length: number): void {
    const { buffer } = this;
    buffer[this.#offset++] = (number << 3) | 2;
    let rest = length;
    while (rest >= 0x80) {
      buffer[this.#offset++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[this.#offset++] = rest;
  }

  bytes(bytes: Buffer): void {
    this.#offset += bytes.copy(this.buffer, this.#offset);
  }

  text(number: number, text: string): void {
    this.field(number, Buffer.byteLength(text));
    this.#offset += this.buffer.write(text, this.#offset);
  }
}

/**
 * Encodes a `google.pubsub.v1.PublishRequest`: what many messages share is copied straight into it, where a
 * general encoder would have each of them whole before.
 *
 * @param topic full name: `projects/<project>/topics/<topic>`
 */
export const encodePublishRequest = (
  topic: string,
  messages: readonly RequestMessage[],
): Buffer => {
  const lengths = messages.map(messageBytes);
  const writer = new RequestWriter(
    lengths.reduce(
      (sum, length) => sum + fieldBytes(length),
      fieldBytes(Buffer.byteLength(topic)),
    ),
  );
  writer.text(requestFields.topic, topic);
  messages.forEach((message, place) => {
    writer.field(requestFields.messages, lengths[place]!);
    writer.field(messageFields.data, dataBytes(message));
    if (message.parts) message.parts.forEach((part) => writer.bytes(part));
    else writer.bytes(message.data);
    for (const name in message.attributes) {
      const value = message.attributes[name]!;
      writer.field(messageFields.attributes, entryBytes(name, value));
      writer.text(entryFields.name, name);
      writer.text(entryFields.value, value);
    }
    writer.text(messageFields.orderingKey, message.orderingKey);
  });
  return writer.buffer;
};
