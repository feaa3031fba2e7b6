import { createHash } from 'node:crypto';

/**
 * What makes a message the same one again at the desk: its event id, else its publish time
 * together with the SHA-256 of its payload.
 */
export const messageIdentity = (message: {
  readonly eventId: string | undefined;
  readonly publishTime: Date;
  readonly payload: Buffer;
}): string =>
  message.eventId ??
  `${message.publishTime.toISOString()}/${createHash('sha256').update(message.payload).digest('hex')}`;
