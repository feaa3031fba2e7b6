/**
 * A published message as every subscription of its topic shares it. The bytes are the encoded
 * `google.pubsub.v1.PubsubMessage`, id and publish time included, ready to be sent: a message is
 * never decoded on its way through.
 */
export interface StoredMessage {
  readonly id: string;
  readonly bytes: Buffer;
  /** Milliseconds since the Unix epoch. */
  readonly publishTime: number;
  /** Empty for a message without ordering. */
  readonly orderingKey: string;
}
