import type { JobSchema } from '../../../jobs/declarations.ts';
import type { JobHandler } from '../../../jobs/handler.ts';
import { startFlow } from '../../control/start.ts';
import { reconciliation } from './flow.ts';

/** Starts the flow, in the commit that ends the job: of every tick of the schedule there is one run. */
export const reconcileCounters: JobHandler<JobSchema['reconcile-counters']> = {
  transactional: true,
  handler: async (payload, { manager, job }) =>
    startFlow(reconciliation, payload, {
      manager,
      key: job.id,
      cause: job.id,
    }),
};
