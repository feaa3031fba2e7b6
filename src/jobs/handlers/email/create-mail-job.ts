import { createJob, type CreateJobContext } from '../../create-job.ts';
import { checkedContext } from './render.ts';
import type { MailContext, MailName } from './templates/index.ts';

export interface MailJob<Name extends MailName> {
  readonly userId: string;
  readonly context: MailContext[Name];
  /** A second mail with the same key is never sent. */
  readonly idempotencyKey: string;
}

/**
 * Creates the job of a mail, with a context that its template understands.
 *
 * @returns the job's id
 * @throws InvalidMailContextError, and what `createJob` throws
 */
export const createMailJob = async <Name extends MailName>(
  template: Name,
  { userId, context, idempotencyKey }: MailJob<Name>,
  { manager }: CreateJobContext = {},
): Promise<string> =>
  createJob(
    'send-email',
    {
      payload: { template, userId, context: checkedContext(template, context) },
      idempotencyKey,
    },
    manager ? { manager } : {},
  );
