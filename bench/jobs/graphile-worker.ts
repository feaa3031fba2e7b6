import { Logger, makeWorkerUtils, run } from 'graphile-worker';

import type { Contender, Places } from './contender.ts';

const logger = new Logger(() => () => undefined);

/** graphile-worker, at its settings for many small jobs: a local queue and batched completions. */
export const openGraphileWorker = async ({
  postgres,
}: Places): Promise<Contender> => {
  const utils = await makeWorkerUtils({ connectionString: postgres, logger });
  await utils.migrate();
  return {
    name: 'graphile-worker',
    add: async (number) => {
      await utils.addJob('bench', { number });
    },
    addMany: async (numbers) => {
      await utils.addJobs(
        numbers.map((number) => ({
          identifier: 'bench',
          payload: { number },
        })),
      );
    },
    work: async (concurrency, done) => {
      const runner = await run({
        connectionString: postgres,
        logger,
        noHandleSignals: true,
        taskList: {
          bench: (payload) => done((payload as { number: number }).number),
        },
        preset: {
          worker: {
            concurrentJobs: concurrency,
            maxPoolSize: 16,
            localQueue: { size: concurrency * 2 },
            completeJobBatchDelay: 1,
            failJobBatchDelay: 1,
          },
        },
      });
      return { stop: () => runner.stop() };
    },
    [Symbol.asyncDispose]: async () => utils.release(),
  };
};
