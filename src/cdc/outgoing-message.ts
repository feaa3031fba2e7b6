/** A message on its way to the broker. */
export interface OutgoingMessage {
  readonly topic: string;
  /** Messages of one topic and key are published in order. Never empty. */
  readonly orderingKey: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** All of it; made when asked for if there are `parts`. */
  readonly data: Buffer;
  /** The data in two: what many messages begin with, of which they all hold the same copy, and their own. */
  readonly parts?: readonly [shared: Buffer, own: Buffer];
  /** Whose desk it comes to if the broker refuses it for good. */
  readonly source: 'cdc' | 'outbox';
  /** What makes it the same one again at the desk: an event id or a row change's. */
  readonly identity: string;
  /** It cannot be published: it goes to the desk in its turn. */
  readonly failure?: Error | undefined;
}
