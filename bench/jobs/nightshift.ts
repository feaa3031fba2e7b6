import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';

import { createDataSource } from '../../src/data-source.ts';
import { Dispatcher } from '../../src/jobs/dispatch/dispatcher.ts';
import type { NewJob } from '../../src/jobs/port.ts';
import { type QueueDefinition, queueOf } from '../../src/jobs/queue.ts';
import { enqueue } from '../../src/jobs/store/enqueue.ts';
import type { Contender, Places } from './contender.ts';

/** Connections that create jobs. */
const connections = 16;

export interface Nightshift extends Contender {
  /** Creates jobs that say more than a number. */
  addJobs(jobs: readonly Partial<NewJob>[]): Promise<void>;
}

/** Our own: the table `job` and its dispatcher. */
export const openNightshift = async (
  { postgres }: Places,
  definition: QueueDefinition = {},
): Promise<Nightshift> => {
  const con = await createDataSource({
    url: postgres,
    poolSize: connections,
  }).initialize();
  // Not `migrate`: a slot is one of the whole server, and jobs need none.
  await con.runMigrations();
  const queue = queueOf(definition);
  const jobOf = (job: Partial<NewJob>): NewJob => ({
    id: uuidv7(),
    queue: 'default',
    name: 'bench',
    payload: '{"number":0}',
    priority: queue.priority,
    runAt: undefined,
    tenant: undefined,
    tier: undefined,
    key: undefined,
    lane: undefined,
    idempotencyKey: undefined,
    attempts: queue.attempts,
    backoff: queue.backoff,
    timeoutSeconds: queue.timeoutSeconds,
    cause: undefined,
    traceparent: undefined,
    ...job,
  });
  const addJobs = async (jobs: readonly Partial<NewJob>[]): Promise<void> => {
    await enqueue(con.manager, jobs.map(jobOf));
  };
  const numbered = (number: number) => ({
    payload: JSON.stringify({ number }),
  });
  return {
    name: 'nightshift',
    addJobs,
    add: (number) => addJobs([numbered(number)]),
    addMany: (numbers) => addJobs(numbers.map(numbered)),
    work: async (concurrency, done) => {
      const dispatcher = new Dispatcher({
        con,
        url: postgres,
        concurrency,
        logger: pino({ level: 'warn' }),
        registry: {
          queues: { default: definition },
          declarations: {
            bench: { payload: z.object({ number: z.number() }) },
          },
          handlers: {
            bench: {
              handler: (payload) =>
                Promise.resolve(done((payload as { number: number }).number)),
            },
          },
        },
      });
      await dispatcher.start();
      return { stop: () => dispatcher.drain() };
    },
    [Symbol.asyncDispose]: () => con.destroy(),
  };
};
