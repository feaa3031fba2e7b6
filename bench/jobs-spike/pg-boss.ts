import { createHash } from 'node:crypto';

import pg from 'pg';
import { type Db, type Job, PgBoss } from 'pg-boss';
import { v5 as uuidv5 } from 'uuid';

import {
  CAP,
  type Candidate,
  type Claimed,
  type Mode,
  type NewJob,
  QUEUE,
  type Store,
} from './port.ts';

const SCHEMA = 'pgboss';
/** Its own copy of the queue that notifies: whether it does is a setting of the queue, not of a job. */
const NOTIFYING = QUEUE;
const SILENT = `${QUEUE}-silent`;
/** Turns a key into an id, the only thing of a job that stays unique when it is finished. */
const KEYS = '6f0b9f6e-9c1b-4a39-9d0e-0d6c8e0f7f11';

/** The library does not export how it names its channel. */
const channel = `pgboss_${createHash('sha224').update(SCHEMA).digest('hex').slice(0, 24)}`;

const bossOf = (url: string, connections: number, install: boolean) =>
  new PgBoss({
    connectionString: url,
    schema: SCHEMA,
    max: connections,
    migrate: install,
    createSchema: install,
    supervise: false,
    schedule: false,
    registerInstance: false,
  });

interface Payload {
  readonly number: number;
}

const claimed = (job: Job<Payload>): Claimed => ({
  id: job.id,
  fence: job.retryCount,
  number: job.data.number,
  tenant: job.groupId ?? '',
});

const attempts = (jobs: readonly Claimed[]) =>
  jobs.map(({ id, fence }) => ({ id, retryCount: fence }));

const open = async (url: string, connections: number): Promise<Store> => {
  const boss = bossOf(url, connections, false);
  await boss.start();
  const pool = new pg.Pool({ connectionString: url, max: connections });
  let listener: pg.Client | undefined;

  /** In a transaction of ours, which pg-boss takes part in. */
  const inTransaction = async <Result>(
    run: (db: Db, client: pg.PoolClient) => Promise<Result>,
  ): Promise<Result> => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      const result = await run(
        { executeSql: (text, values) => client.query(text, values) },
        client,
      );
      await client.query('commit');
      return result;
    } finally {
      client.release();
    }
  };

  return {
    enqueue: async (jobs: readonly NewJob[], notify: boolean) => {
      const written = await boss.insert(
        notify ? NOTIFYING : SILENT,
        jobs.map(({ number, tenant, key }) => ({
          ...(key !== undefined && { id: uuidv5(key, KEYS) }),
          data: { number },
          group: { id: tenant },
        })),
        { returnId: true },
      );
      return written?.length ?? 0;
    },
    claim: async (limit: number, mode: Mode) => {
      if (mode === 'open')
        return (await boss.fetch<Payload>(QUEUE, { batchSize: limit })).map(
          claimed,
        );
      const options = { batchSize: limit, groupConcurrency: CAP };
      if (mode === 'soft')
        return (await boss.fetch<Payload>(QUEUE, options)).map(claimed);
      return inTransaction(async (db, client) => {
        await client.query('select pg_advisory_xact_lock(1, hashtext($1))', [
          QUEUE,
        ]);
        return (await boss.fetch<Payload>(QUEUE, { ...options, db })).map(
          claimed,
        );
      });
    },
    complete: async (jobs: readonly Claimed[]) => {
      // Its published type of the answer is empty.
      const answer: unknown = await boss.complete(QUEUE, attempts(jobs));
      return (answer as { affected: number }).affected;
    },
    fail: async (job: Claimed, error: string) => {
      await boss.fail(QUEUE, attempts([job]), { message: error });
    },
    listen: async (wake: () => void) => {
      listener = new pg.Client({ connectionString: url });
      await listener.connect();
      listener.on('notification', wake);
      await listener.query(`listen ${channel}`);
    },
    errors: async (id: string) =>
      (await boss.findJobs(QUEUE, { id })).flatMap(({ output }) => {
        const { message } = (output ?? {}) as { message?: string };
        return message === undefined ? [] : [message];
      }),
    forgetFinished: async () => {
      await boss.deleteStoredJobs(QUEUE);
    },
    close: async () => {
      await listener?.end();
      await boss.stop({ graceful: false });
      await pool.end();
    },
  };
};

/** pg-boss, through what it offers and a dispatcher of ours. */
export const pgBoss: Candidate = {
  install: async (url) => {
    const boss = bossOf(url, 2, true);
    await boss.start();
    await boss.createQueue(NOTIFYING, { notify: true });
    await boss.createQueue(SILENT, { notify: false });
    await boss.stop({ graceful: false });
  },
  open,
  mostRunning: `select coalesce(max(jobs), 0)::int as running from (
    select count(*) as jobs from ${SCHEMA}.job where state = 'active' group by group_id) as tenants`,
};
