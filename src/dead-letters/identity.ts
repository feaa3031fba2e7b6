import { createHash } from 'node:crypto';

/**
 * What makes a message the same one again at the desk: its event id, else its publish time in
 * milliseconds, which is what a message that the broker forwarded still tells, together with the
 * SHA-256 of its payload.
 */
export const messageIdentity = (message: {
  readonly eventId: string | undefined;
  readonly publishTime: Date;
  readonly payload: Buffer;
}): string =>
  message.eventId ??
  // The client's own date would write nanoseconds.
  `${new Date(message.publishTime.getTime()).toISOString()}/${createHash('sha256').update(message.payload).digest('hex')}`;
