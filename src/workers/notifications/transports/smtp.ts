import { createTransport } from 'nodemailer';

import { SentMessage } from '../../../entity/index.ts';
import { storeMessage } from './store.ts';
import type { Transport } from './transport.ts';

export interface SmtpOptions {
  /** Address of the mail server, with its credentials: `smtps://user:password@host:465`. */
  readonly url: string;
  /** Sender: `Name <address>`. */
  readonly from: string;
}

/** Milliseconds: together less than a handler may take. */
const patience = {
  dnsTimeout: 5_000,
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  socketTimeout: 20_000,
};

/**
 * Sends mails through a mail server and records them in `sent_message`, so that a mail that was
 * recorded is not sent again. A crash between the two sends it again with the same Message-ID,
 * by which mail servers and readers know it for the same.
 */
export const smtpTransport = ({ url, from }: SmtpOptions): Transport => {
  const server = createTransport({ url, ...patience });
  return {
    deliver: async (message, con) => {
      const { idempotencyKey, recipient, subject, body } = message;
      const sent = await con
        .getRepository(SentMessage)
        .existsBy({ idempotencyKey });
      if (sent) return;
      await server.sendMail({
        from,
        to: { name: recipient.name, address: recipient.email },
        subject,
        text: body,
        messageId: `<${idempotencyKey}@nightshift>`,
      });
      await storeMessage(message, con);
    },
  };
};
