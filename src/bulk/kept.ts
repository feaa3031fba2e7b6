import { taskOfJob } from '../flows/index.ts';
import type { KeptBy } from '../jobs/operate/cancel.ts';
import { bulkJob } from './kinds.ts';

/** A job that does a part of something larger, which would go on waiting for it: that is cancelled instead. */
export const keptBy: KeptBy = ({ name, payload }) => {
  if (name === bulkJob)
    return 'a part of a bulk action; cancel that, with cancelBulkAction or at its page of the dashboard';
  const task = taskOfJob(name, payload);
  return (
    task &&
    `the step ${task.step} of the run ${task.run} of a flow; cancel the run: nightshift flows cancel ${task.run}, or cancelFlow`
  );
};
