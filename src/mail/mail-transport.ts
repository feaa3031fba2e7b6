import { config } from '../config.ts';
import { smtpTransport } from './smtp.ts';
import { storeTransport } from './store.ts';
import type { Transport } from './transport.ts';

let mail: Transport | undefined;

const createMailTransport = (): Transport => {
  const { MAIL_TRANSPORT, SMTP_URL, MAIL_FROM } = config();
  // The configuration is valid only with an address for smtp.
  return MAIL_TRANSPORT === 'smtp' && SMTP_URL
    ? smtpTransport({ url: SMTP_URL, from: MAIL_FROM })
    : storeTransport;
};

/** The transport that MAIL_TRANSPORT names. */
export const mailTransport = (): Transport => (mail ??= createMailTransport());
