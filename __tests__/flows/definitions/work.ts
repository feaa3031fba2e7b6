import { pino } from 'pino';
import type { DataSource } from 'typeorm';

import { workRegistry } from '../../../src/flows/definitions/index.ts';
import { runJobs } from '../../../src/jobs/invoke/run-jobs.ts';
import type { QueueName } from '../../../src/jobs/queues.ts';

/** Looks at queues that a run of a few steps may need at most. */
const mostRounds = 50;

/** Runs what is due in these queues, and what becomes due by that, until nothing is. @returns jobs run */
export const workOff = async (
  con: DataSource,
  ...queues: readonly QueueName[]
): Promise<number> => {
  let total = 0;
  for (let round = 0; round < mostRounds; round++) {
    let ran = 0;
    for (const queue of queues) {
      const { jobs } = await runJobs({
        con,
        registry: workRegistry,
        logger: pino({ level: 'silent' }),
        queue,
        status: 'pending',
        limit: 100,
      });
      ran += jobs.length;
    }
    if (ran === 0) return total;
    total += ran;
  }
  throw new Error(`expected ${queues.join(', ')} to be worked off`);
};
