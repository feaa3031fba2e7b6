import { User } from '../../../entity/index.ts';
import type { Transport } from '../../../mail/transport.ts';
import type { JobSchema } from '../../declarations.ts';
import type { JobContext } from '../../handler.ts';
import { UnknownRecipientError } from './errors.ts';
import { renderTemplate } from './render.ts';

/**
 * Sends one mail from its template. The job's id is its idempotency key and makes its Message-ID: a job that
 * runs again sends nothing once the mail is in `sent_message`. Killed between the mail server's word and that
 * row, it sends the mail again under the same Message-ID, by which it is known for the same.
 *
 * @throws UnknownRecipientError, InvalidMailContextError, and what the transport throws
 */
export const sendEmail = async (
  { template, userId, context }: JobSchema['send-email'],
  { con, job, signal }: Pick<JobContext, 'con' | 'job' | 'signal'>,
  transport: Transport,
): Promise<void> => {
  const recipient = await con.getRepository(User).findOneBy({ id: userId });
  if (!recipient) throw new UnknownRecipientError(userId);
  const { subject, text, html } = renderTemplate(template, context, recipient);
  signal.throwIfAborted();
  await transport.deliver(
    {
      channel: 'mail',
      recipient,
      notificationId: null,
      subject,
      body: text,
      html,
      idempotencyKey: `job.${job.id}`,
    },
    con,
  );
};
