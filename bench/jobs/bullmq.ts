import { createPostgresBackend, Queue, Worker } from 'bullmq';

import type { Contender, Places } from './contender.ts';

const name = 'bench';

interface Data {
  readonly number: number;
}

const contenderOf = (
  title: string,
  queue: Queue,
  makeWorker: (concurrency: number, done: (number: number) => void) => Worker,
): Contender => ({
  name: title,
  add: async (number) => {
    await queue.add(name, { number });
  },
  addMany: async (numbers) => {
    await queue.addBulk(numbers.map((number) => ({ name, data: { number } })));
  },
  work: async (concurrency, done) => {
    const worker = makeWorker(concurrency, done);
    worker.on('error', () => undefined);
    await worker.waitUntilReady();
    return { stop: () => worker.close() };
  },
  [Symbol.asyncDispose]: () => queue.close(),
});

/** BullMQ on Redis; finished jobs are removed, which is its fastest. */
export const openBullMqOnRedis = async ({
  redis,
}: Places): Promise<Contender> => {
  const options = { connection: { ...redis!, maxRetriesPerRequest: null } };
  const queue = new Queue(name, {
    ...options,
    defaultJobOptions: { removeOnComplete: true },
  });
  await queue.waitUntilReady();
  return contenderOf(
    'BullMQ on Redis',
    queue,
    (concurrency, done) =>
      new Worker<Data>(name, (job) => Promise.resolve(done(job.data.number)), {
        ...options,
        concurrency,
      }),
  );
};

/** BullMQ on its Postgres backend. */
export const openBullMqOnPostgres = async ({
  postgres,
}: Places): Promise<Contender> => {
  const options = {
    connection: { connectionString: postgres, max: 16, migrate: true },
  };
  const queue = new Queue(
    name,
    { ...options, defaultJobOptions: { removeOnComplete: true } },
    createPostgresBackend,
  );
  await queue.waitUntilReady();
  return contenderOf(
    'BullMQ on Postgres',
    queue as unknown as Queue,
    (concurrency, done) =>
      new Worker(
        name,
        (job) => Promise.resolve(done((job.data as Data).number)),
        { ...options, concurrency },
        createPostgresBackend,
      ) as unknown as Worker,
  );
};
