import { PgBoss, type WorkOptions } from 'pg-boss';

import type { Contender, Places } from './contender.ts';

const queue = 'bench';

interface Data {
  readonly number: number;
}

interface Setting {
  readonly name: string;
  /** Whether jobs wake the workers by NOTIFY. */
  readonly notifies: boolean;
  readonly workOptions: (concurrency: number) => WorkOptions;
}

const open = async (
  { name, notifies, workOptions }: Setting,
  { postgres }: Places,
): Promise<Contender> => {
  const boss = new PgBoss({
    connectionString: postgres,
    max: 16,
    useListenNotify: notifies,
  });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue(queue, { notify: notifies });
  return {
    name,
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
      await boss.work<Data>(queue, workOptions(concurrency), (batch) => {
        for (const { data } of batch) done(data.number);
        return Promise.resolve();
      });
      return { stop: () => boss.offWork(queue) };
    },
    [Symbol.asyncDispose]: () => boss.stop({ graceful: false }),
  };
};

/** pg-boss by `work()` as it comes: one job a fetch, then the shortest pause it allows, by `concurrency` workers. */
export const openBarePgBoss = (places: Places): Promise<Contender> =>
  open(
    {
      name: 'pg-boss work()',
      notifies: false,
      workOptions: (concurrency) => ({
        batchSize: 1,
        pollingIntervalSeconds: 0.5,
        localConcurrency: concurrency,
      }),
    },
    places,
  );

/** pg-boss by `work()` at its fastest: woken by NOTIFY, batches of 100, without a pause while they are full. */
export const openBatchedPgBoss = (places: Places): Promise<Contender> =>
  open(
    {
      name: 'pg-boss work(), batches',
      notifies: true,
      workOptions: () => ({
        batchSize: 100,
        pollingIntervalSeconds: 0.5,
        burstWhenBatchFull: true,
        localConcurrency: 2,
      }),
    },
    places,
  );
