import { PgBoss } from 'pg-boss';

import type { Contender, Places } from './contender.ts';

const queue = 'bench';

/** pg-boss by its own `work()`: one job a fetch, every half second, the shortest it allows, by `concurrency` workers. */
export const openPgBoss = async ({ postgres }: Places): Promise<Contender> => {
  const boss = new PgBoss({ connectionString: postgres, max: 16 });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue(queue);
  return {
    name: 'pg-boss work()',
    add: async (number) => {
      await boss.send(queue, { number });
    },
    addMany: async (numbers) => {
      await boss.insert(
        queue,
        numbers.map((number) => ({ data: { number } })),
      );
    },
    work: async (concurrency, done) => {
      await boss.work<{ number: number }>(
        queue,
        {
          batchSize: 1,
          pollingIntervalSeconds: 0.5,
          localConcurrency: concurrency,
        },
        ([job]) => Promise.resolve(job && done(job.data.number)),
      );
      return { stop: () => boss.offWork(queue) };
    },
    [Symbol.asyncDispose]: () => boss.stop({ graceful: false }),
  };
};
