import { createTransport } from 'nodemailer';

import { SentMessage } from '../entity/index.ts';
import { MailRefusedError } from './errors.ts';
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

/** Mails are made of text: nothing in one may name a file or an address to be read in. */
const closed = { disableFileAccess: true, disableUrlAccess: true };

/** The code of a refusal that holds for good: of the recipient or the content, not of our credentials. */
const refusalOf = (error: unknown): number | undefined => {
  const { code, responseCode } = error as {
    readonly code?: string;
    readonly responseCode?: number;
  };
  const isOfTheMail = code === 'EENVELOPE' || code === 'EMESSAGE';
  return isOfTheMail && responseCode !== undefined && responseCode >= 500
    ? responseCode
    : undefined;
};

/**
 * Sends mails through a mail server and records them in `sent_message`, so that a mail that was
 * recorded is not sent again. A crash between the two sends it again with the same Message-ID,
 * by which mail servers and readers know it for the same.
 */
export const smtpTransport = ({ url, from }: SmtpOptions): Transport => {
  const server = createTransport({ url, ...patience, ...closed });
  return {
    deliver: async (message, con) => {
      const { idempotencyKey, recipient, subject, body, html } = message;
      const sent = await con
        .getRepository(SentMessage)
        .existsBy({ idempotencyKey });
      if (sent) return;
      try {
        await server.sendMail({
          from,
          to: { name: recipient.name, address: recipient.email },
          subject,
          text: body,
          ...(html !== undefined && { html }),
          messageId: `<${idempotencyKey}@nightshift>`,
        });
      } catch (error) {
        const code = refusalOf(error);
        if (code === undefined) throw error;
        throw new MailRefusedError(recipient.id, code, error as Error);
      }
      await storeMessage(message, con);
    },
  };
};
