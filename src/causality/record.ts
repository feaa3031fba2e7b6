/** What became of one attempt to handle a message. */
export type DeliveryOutcome = 'ack' | 'nack' | 'dead-letter' | 'duplicate';

/** A row change as its message describes it, without the row. */
export interface RowChangeFacts {
  readonly table: string;
  /** The values of the primary key, with `,` between them. */
  readonly key: string;
  readonly op: 'c' | 'u' | 'd';
  readonly lsn: number | null;
  /** The lower 32 bits of the transaction's id. */
  readonly transactionId: number | null;
  /** Milliseconds since the epoch. */
  readonly committedAt: number;
  /** When it was read from the log, in milliseconds since the epoch. */
  readonly decodedAt: number;
}

/** One attempt that went through the stages. Times are milliseconds since the epoch. */
export interface DeliveryFacts {
  /** The event id, or the message's identity at the desk if it has none. */
  readonly eventId: string;
  readonly messageId: string;
  readonly publishedAt: number;
  readonly receivedAt: number | undefined;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly attempt: number;
  /** Deliveries that this attempt answered. */
  readonly copies: number;
  readonly outcome: DeliveryOutcome;
  /** How it failed; `undefined` if it did not. */
  readonly failure: string | undefined;
  /** The name of the error. */
  readonly error: string | undefined;
  /** The id of what caused the event. */
  readonly cause: string | undefined;
  /** Of a topic of row changes. */
  readonly change: RowChangeFacts | undefined;
}

/** Records the attempts of one subscription. Both return at once and never throw. */
export interface DeliveryRecorder {
  /**
   * Whether an attempt is to be recorded: whatever is out of the ordinary, and of plain successes a share that is
   * the smaller the more there are, chosen by the event id.
   *
   * @param plain a success at the first delivery
   */
  wants(eventId: string, plain: boolean): boolean;
  record(delivery: DeliveryFacts): void;
}
