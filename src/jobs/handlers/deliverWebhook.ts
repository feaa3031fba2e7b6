import type { JobSchema } from '../declarations.ts';
import type { JobHandler } from '../handler.ts';
import { deliverWebhook } from './webhooks/deliver.ts';

/** Sends one delivery to its endpoint. */
const handler: JobHandler<JobSchema['deliver-webhook']> = {
  handler: ({ deliveryId }, context) => deliverWebhook(deliveryId, context),
};

export default handler;
