import type { Settled } from '../port.ts';
import { databaseClock } from '../store/clock.ts';
import { Invocation, type InvocationOptions } from './invocation.ts';

export interface RunJobsOptions extends InvocationOptions {
  readonly queue: string;
  /** `failed` runs each job whose attempts are used up once more. */
  readonly status: 'pending' | 'failed';
  /** Jobs at most. */
  readonly limit: number;
}

export interface RunJobsReport {
  /** Jobs in the order of their ends. */
  readonly jobs: readonly {
    readonly id: string;
    readonly name: string;
    readonly attempt: number;
    readonly outcome: Settled;
  }[];
}

/**
 * Picks up jobs of a queue and runs them, at most as many at once as the queue allows one process.
 *
 * @throws UnknownQueueError
 */
export const runJobs = async ({
  queue,
  status,
  limit,
  ...options
}: RunJobsOptions): Promise<RunJobsReport> => {
  const invocation = new Invocation(options);
  const jobs: RunJobsReport['jobs'][number][] = [];
  // By the clock that says when they failed: by one ahead of it, each would be run again and again.
  const failedBefore = await databaseClock(options.con);
  const runner = invocation.add(
    queue,
    () => {
      const left = limit - jobs.length - runner.runs.size;
      return left > 0 ? { status, failedBefore, limit: left } : undefined;
    },
    ({ job, settled }) =>
      jobs.push({
        id: job.id,
        name: job.name,
        attempt: job.attempt,
        outcome: settled,
      }),
  );
  await invocation.store.promote();
  await invocation.run();
  return { jobs };
};
