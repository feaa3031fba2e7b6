import type { SentMessage, User } from '../entity/index.ts';

/** A mail or push message on its way to one person. */
export interface OutgoingMessage {
  readonly channel: SentMessage['channel'];
  readonly recipient: Pick<User, 'id' | 'name' | 'email'>;
  /** Null for a message that is about no notification. */
  readonly notificationId: string | null;
  readonly subject: string;
  readonly body: string;
  /** The same for readers that show HTML. @default only the text */
  readonly html?: string;
  /** The same message again has the same one. Letters, digits, dots and hyphens. */
  readonly idempotencyKey: string;
}
