import type { NewJob } from '../../src/jobs/port.ts';
import { queueOf } from '../../src/jobs/queue.ts';
import { enqueue } from '../../src/jobs/store/enqueue.ts';
import type { Crew } from '../crew.ts';
import { newJob } from './new-job.ts';
import { registry } from './registry.ts';

/** Rows written by one statement. */
const batch = 5_000;

/** Creates jobs, each with what is its own. */
export const createJobs = async (
  { con }: Crew,
  name: string,
  queue: string,
  jobs: readonly Partial<NewJob>[],
): Promise<void> => {
  const definition = queueOf(registry.queues[queue] ?? {});
  for (let from = 0; from < jobs.length; from += batch)
    await enqueue(
      con.manager,
      jobs
        .slice(from, from + batch)
        .map((job) => newJob(name, queue, definition, job)),
    );
};
