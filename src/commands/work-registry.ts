import { runBulk } from '../bulk/run.ts';
import { workRegistry } from '../flows/definitions/index.ts';
import { createJob } from '../jobs/create-job.ts';
import type { JobSchema } from '../jobs/declarations.ts';
import type { JobHandler } from '../jobs/handler.ts';
import type { OperatorJob } from '../jobs/handlers/index.ts';
import type { JobHandlers, JobRegistry } from '../jobs/registry.ts';
import { openBulkRedriver } from './redriver.ts';

/** Milliseconds before a run looks again whether another one has ended. */
const lookAgain = 2_000;

const bulkAction: JobHandler<JobSchema['operator-bulk-action']> = {
  handler: async ({ actionId }, { job, con, logger, signal, progress }) => {
    const outcome = await runBulk(actionId, {
      con,
      holder: { id: job.id, attempt: job.attempt },
      openRedriver: openBulkRedriver(logger, fullRegistry),
      signal,
      onProgress: progress,
    });
    if (outcome !== 'ended')
      await createJob(
        'operator-bulk-action',
        {
          payload: { actionId },
          ...(outcome === 'held' && {
            run_at: new Date(Date.now() + lookAgain),
          }),
        },
        { manager: con.manager },
      );
    return { outcome };
  },
};

const operatorHandlers: Pick<JobHandlers, OperatorJob> = {
  'operator-bulk-action': bulkAction,
};

/** What the processes of this system run: jobs, the steps of flows, and what operators do in bulk. */
export const fullRegistry: JobRegistry = {
  ...workRegistry,
  handlers: { ...workRegistry.handlers, ...operatorHandlers },
};
