import { mailTransport } from '../../mail/mail-transport.ts';
import type { JobSchema } from '../declarations.ts';
import type { JobHandler } from '../handler.ts';
import { sendEmail } from './email/send.ts';

/** Sends one mail from a template. */
const handler: JobHandler<JobSchema['send-email']> = {
  handler: (mail, context) => sendEmail(mail, context, mailTransport()),
};

export default handler;
