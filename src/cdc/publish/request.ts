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

/** Bytes of a message, encoded, and of that those that are not its data. */
const sizeOf = (message: RequestMessage): readonly [number, number] => {
  const { attributes, orderingKey } = message;
  const data = dataBytes(message);
  let bytes = fieldBytes(data) + fieldBytes(Buffer.byteLength(orderingKey));
  for (const name in attributes)
    bytes += fieldBytes(entryBytes(name, attributes[name]!));
  return [bytes, bytes - data];
};

/** Writes a request whose large pieces stay where they are, and what is between them into one buffer. */
class RequestWriter {
  readonly pieces: Buffer[] = [];
  readonly #buffer: Buffer;
  #offset = 0;
  /** Up to here it is among the pieces. */
  #cut = 0;

  /** @param bytes of all but the pieces that are given whole. */
  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafe(bytes);
  }

  /** The beginning of a field of so many bytes. */
  field(number: number, length: number): void {
    const buffer = this.#buffer;
    buffer[this.#offset++] = (number << 3) | 2;
    let rest = length;
    while (rest >= 0x80) {
      buffer[this.#offset++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[this.#offset++] = rest;
  }

  text(number: number, text: string): void {
    this.field(number, Buffer.byteLength(text));
    this.#offset += this.#buffer.write(text, this.#offset);
  }

  piece(bytes: Buffer): void {
    this.cut();
    if (bytes.length > 0) this.pieces.push(bytes);
  }

  /** Puts what was written since the last piece among them. */
  cut(): void {
    if (this.#offset > this.#cut)
      this.pieces.push(this.#buffer.subarray(this.#cut, this.#offset));
    this.#cut = this.#offset;
  }
}

/**
 * Encodes a `google.pubsub.v1.PublishRequest`, in pieces: the data of its messages, of which nine tenths are
 * what they share, are not copied.
 *
 * @param topic full name: `projects/<project>/topics/<topic>`
 */
export const encodePublishRequest = (
  topic: string,
  messages: readonly RequestMessage[],
): Buffer[] => {
  const sizes = messages.map(sizeOf);
  const writer = new RequestWriter(
    sizes.reduce(
      (sum, [length, own]) => sum + fieldBytes(length) - length + own,
      fieldBytes(Buffer.byteLength(topic)),
    ),
  );
  writer.text(requestFields.topic, topic);
  messages.forEach((message, place) => {
    writer.field(requestFields.messages, sizes[place]![0]);
    writer.field(messageFields.data, dataBytes(message));
    if (message.parts) message.parts.forEach((part) => writer.piece(part));
    else writer.piece(message.data);
    for (const name in message.attributes) {
      const value = message.attributes[name]!;
      writer.field(messageFields.attributes, entryBytes(name, value));
      writer.text(entryFields.name, name);
      writer.text(entryFields.value, value);
    }
    writer.text(messageFields.orderingKey, message.orderingKey);
  });
  writer.cut();
  return writer.pieces;
};
