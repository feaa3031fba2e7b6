import type { JobSchema } from '../declarations.ts';
import type { JobHandler } from '../handler.ts';
import { reconcile } from './reconciliation/reconcile.ts';

/** Compares a denormalised counter with its source, and sets it right if the job says so. */
const handler: JobHandler<JobSchema['reconcile-counters']> = {
  handler: (payload, context) => reconcile(payload, context),
};

export default handler;
