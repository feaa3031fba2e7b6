import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { SentMessage } from '../entity/index.ts';
import { currentCause } from '../events/context.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { Transport } from './transport.ts';

/** Writes a message to `sent_message`, once. */
export const storeMessage = async (
  message: OutgoingMessage,
  con: DataSource,
): Promise<void> => {
  const cause = currentCause();
  await con
    .createQueryBuilder()
    .insert()
    .into(SentMessage)
    .values({
      id: uuidv7(),
      channel: message.channel,
      recipientId: message.recipient.id,
      notificationId: message.notificationId,
      subject: message.subject,
      body: message.body,
      html: message.html ?? null,
      idempotencyKey: message.idempotencyKey,
      cause: cause?.id ?? null,
      handler: cause?.subscription ?? null,
    })
    .orIgnore()
    .updateEntity(false)
    .execute();
};

/** Keeps what would have been sent, for development and tests. */
export const storeTransport: Transport = { deliver: storeMessage };
