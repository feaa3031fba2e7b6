import { createHash } from 'node:crypto';

import { storable } from './text.ts';

/**
 * What makes a message the same one again at the desk: its event id, else its publish time in
 * milliseconds, which is what a message that the broker forwarded still tells, together with the
 * SHA-256 of its payload. Postgres can store it: else a message whose id cannot be stored would
 * come again and again, because neither its failures nor its dead letter could be written.
 */
export const messageIdentity = (message: {
  readonly eventId: string | undefined;
  readonly publishTime: Date;
  readonly payload: Buffer;
}): string =>
  storable(
    message.eventId ??
      // The client's own date would write nanoseconds.
      `${new Date(message.publishTime.getTime()).toISOString()}/${createHash('sha256').update(message.payload).digest('hex')}`,
  );
