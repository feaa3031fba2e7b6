import type { StoredMessage } from '../message.ts';
import type { Consumer } from './consumer.ts';
import type { OrderingKey } from './ordering-key.ts';

/**
 * Where a message stands in one subscription:
 *
 *     waiting ──take──▶ leased ──ack──▶ gone
 *        ▲                │
 *        │           nack, expiry ──last attempt──▶ gone (dead letter)
 *        └── delayed ◀────┘
 *
 * A message with an ordering key waits in its key's queue and is never delayed itself: the key is.
 */
export type EntryState = 'waiting' | 'leased' | 'delayed' | 'gone';

/** The messages of one ordering key. */
export type EntryKey = OrderingKey<Entry>;

/** One message in one subscription, from publish to acknowledgement. */
export class Entry {
  readonly sequence: number;
  readonly message: StoredMessage;
  readonly key: EntryKey | undefined;
  state: EntryState = 'waiting';
  /** How often it was handed out, but for when it was only taken back with a failed message of its key. */
  deliveries = 0;
  /** The number of its current or last lease, from 1. */
  lease = 0;
  /** How often it was nacked or its lease ran out. */
  failures = 0;
  /** When the current lease ends, or before when it is not delivered, in milliseconds since the epoch. */
  until = 0;
  /** When its lease is looked at: when it ends, or before; 0 without a lease. */
  watched = 0;
  consumer: Consumer | undefined = undefined;
  /** Of its key, in the queue or in the run. */
  previous: Entry | undefined = undefined;
  next: Entry | undefined = undefined;

  constructor(
    sequence: number,
    message: StoredMessage,
    key: EntryKey | undefined,
  ) {
    this.sequence = sequence;
    this.message = message;
    this.key = key;
  }
}
