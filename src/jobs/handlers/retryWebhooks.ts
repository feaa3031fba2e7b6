import type { JobSchema } from '../declarations.ts';
import type { JobHandler } from '../handler.ts';
import { retryWebhooks } from './webhooks/retry.ts';

/** Gives jobs to deliveries that are pending without one. */
const handler: JobHandler<JobSchema['retry-webhooks']> = {
  handler: (_, context) => retryWebhooks(context.con, context),
};

export default handler;
