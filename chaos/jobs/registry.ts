import { setTimeout as delay } from 'node:timers/promises';

import type { DataSource, EntityManager } from 'typeorm';
import { z } from 'zod';

import { PermanentError } from '../../src/dead-letters/permanent-error.ts';
import type { RunningJob } from '../../src/jobs/handler.ts';
import { type QueueDefinition, queueOf } from '../../src/jobs/queue.ts';
import type { JobRegistry } from '../../src/jobs/registry.ts';
import { enqueue } from '../../src/jobs/store/enqueue.ts';
import { newJob } from './new-job.ts';

/** Jobs of one tenant that may run at once. */
export const tenantCap = 2;

/** The same in the storm. */
export const stormCap = 3;

/** Slots of each process. */
export const slots = 16;

/** Every kill and every cut costs an attempt. */
const storm: QueueDefinition = {
  concurrency: slots,
  tenantConcurrency: stormCap,
  attempts: 100,
  backoff: { seconds: 0.05, growth: 'fixed' },
};

/** The first attempt goes on until its process is killed, the others end soon. */
const untilKilled = async (
  { attempt }: RunningJob,
  signal: AbortSignal,
): Promise<void> => {
  await delay(attempt === 1 ? 100_000 : 100, undefined, { signal });
};

const keepEffect = (manager: EntityManager, id: string): Promise<unknown> =>
  manager.query('insert into storm_effect (job_id) values ($1)', [id]);

const runningOf = async (
  con: DataSource,
  { queue, tenant }: RunningJob,
): Promise<number | undefined> => {
  const [row] = await con.query<{ running: number }[]>(
    `select count(*)::int as running from job where queue = $1 and state = 'running' and tenant = $2`,
    [queue, tenant],
  );
  return row?.running;
};

/** What the jobs of this chaos do: each leaves rows by which its promise is counted afterwards. */
export const registry: JobRegistry = {
  queues: {
    killed: { concurrency: 50, attempts: 5, timeoutSeconds: 120 },
    capped: { concurrency: slots, tenantConcurrency: tenantCap },
    ordered: {
      concurrency: slots,
      order: 'strict',
      attempts: 3,
      backoff: { seconds: 0.01, growth: 'fixed' },
    },
    budget: { concurrency: slots, timeoutSeconds: 1 },
    storm,
    'storm-lanes': {
      concurrency: slots,
      order: 'strict',
      attempts: 100,
      backoff: { seconds: 0.05, growth: 'fixed' },
    },
  },
  declarations: {
    slow: { payload: z.object({}) },
    effect: { payload: z.object({}) },
    capped: { payload: z.object({}) },
    ordered: { payload: z.object({ number: z.number() }) },
    small: { payload: z.object({}) },
    parent: { payload: z.object({}) },
    child: { payload: z.object({}) },
    flaky: { payload: z.object({}) },
    doomed: { payload: z.object({}) },
  },
  handlers: {
    /** Counts its runs. */
    slow: {
      handler: async (_, { con, job, signal }) => {
        await con.query('insert into job_run (job_id) values ($1)', [job.id]);
        await untilKilled(job, signal);
      },
    },
    /** Its effect is one commit with its end. */
    effect: {
      transactional: true,
      handler: async (_, { manager, job, signal }) => {
        await manager.query('insert into job_effect (job_id) values ($1)', [
          job.id,
        ]);
        await untilKilled(job, signal);
      },
    },
    /** Looks how many of its tenant run, and keeps that as its result. */
    capped: {
      handler: (_, { con, job }) => runningOf(con, job),
    },
    /** Every seventh fails at first; what is written is the order of the ends. */
    ordered: {
      transactional: true,
      handler: async (payload, { manager, job }) => {
        const { number } = payload as { number: number };
        if (number % 7 === 0 && job.attempt < 3) throw new Error('not yet');
        await manager.query(
          'insert into job_order (lane, number) values ($1, $2)',
          [job.key ?? '', number],
        );
      },
    },
    small: { handler: () => Promise.resolve() },
    /** Its effect and its child are one commit with its end. */
    parent: {
      transactional: true,
      handler: async (_, { manager, job }) => {
        await keepEffect(manager, job.id);
        await enqueue(manager, [
          newJob('child', 'storm', queueOf(storm), { tenant: job.tenant }),
        ]);
        await delay(150);
      },
    },
    child: {
      transactional: true,
      handler: async (_, { manager, job }) => {
        await keepEffect(manager, job.id);
      },
    },
    /** Fails the first time, tells of itself, and looks how many of its tenant run. */
    flaky: {
      handler: async (_, { con, job, progress, log }) => {
        progress(0.5, 'half');
        log(`attempt ${job.attempt}`);
        await delay(150);
        if (job.attempt === 1) throw new Error('not yet');
        return runningOf(con, job);
      },
    },
    doomed: {
      handler: () => Promise.reject(new PermanentError('never')),
    },
  },
};

/** What the handlers write into. */
export const tables = [
  'create table storm_effect (job_id uuid not null)',
  'create table job_run (job_id uuid not null, at timestamptz not null default clock_timestamp())',
  'create table job_effect (job_id uuid not null)',
  'create table job_order (place bigint generated always as identity, lane text not null, number int not null)',
];
