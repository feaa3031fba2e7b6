import type { OutgoingMessage } from '../outgoing-message.ts';

/** Bytes of a message at most: data, key and attributes together, as Pub/Sub documents. */
export const maxMessageBytes = 10_000_000;

/** What google.rpc.Code says about the request itself: repeating it changes nothing. */
const invalidArgument = 3;

/** A row or event that no broker would take. */
export class MessageTooLargeError extends Error {
  override readonly name = 'MessageTooLargeError';

  constructor(
    readonly topic: string,
    readonly bytes: number,
  ) {
    super(
      `expected a message for ${topic} of at most ${maxMessageBytes} bytes, got ${bytes}; ` +
        'keep large values out of captured tables, or in a table of their own',
    );
  }
}

/** Bytes that Pub/Sub counts. */
export const messageBytes = (message: OutgoingMessage): number => {
  const { parts, orderingKey, attributes } = message;
  let bytes =
    (parts ? parts[0].length + parts[1].length : message.data.length) +
    Buffer.byteLength(orderingKey);
  for (const name in attributes)
    bytes += Buffer.byteLength(name) + Buffer.byteLength(attributes[name]!);
  return bytes;
};

/** gRPC's code in an error, if it has one. */
const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'number'
    ? error.code
    : undefined;

/** Whether the broker refused the message for what it is. */
export const isRefusal = (error: unknown): boolean =>
  codeOf(error) === invalidArgument;
