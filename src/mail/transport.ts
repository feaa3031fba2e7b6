import type { DataSource } from 'typeorm';

import type { OutgoingMessage } from './outgoing-message.ts';

/** A way out for messages. */
export interface Transport {
  /**
   * Hands a message over. One that comes again with the same idempotency key reaches its recipient
   * once, as far as the far end can tell. Rejects if the message has to be tried again, or
   * with a PermanentError if that is of no use.
   */
  deliver(message: OutgoingMessage, con: DataSource): Promise<void>;
}
