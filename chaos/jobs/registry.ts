import { setTimeout as delay } from 'node:timers/promises';

import { z } from 'zod';

import type { JobRegistry } from '../../src/jobs/registry.ts';

/** Jobs of one tenant that may run at once. */
export const tenantCap = 2;

/** Slots of each process. */
export const slots = 16;

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
  },
  declarations: {
    slow: { payload: z.object({}) },
    effect: { payload: z.object({}) },
    capped: { payload: z.object({}) },
    ordered: { payload: z.object({ number: z.number() }) },
    small: { payload: z.object({}) },
  },
  handlers: {
    /** Counts its runs. */
    slow: {
      handler: async (_, { con, job }) => {
        await con.query('insert into job_run (job_id) values ($1)', [job.id]);
        await delay(2_000);
      },
    },
    /** Its effect is one commit with its end. */
    effect: {
      transactional: true,
      handler: async (_, { manager, job }) => {
        await manager.query('insert into job_effect (job_id) values ($1)', [
          job.id,
        ]);
        await delay(2_000);
      },
    },
    /** Looks how many of its tenant run, and keeps that as its result. */
    capped: {
      handler: async (_, { con, job }) => {
        const [row] = await con.query<{ running: number }[]>(
          `select count(*)::int as running from job where queue = 'capped' and state = 'running' and tenant = $1`,
          [job.tenant],
        );
        return row?.running;
      },
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
  },
};

/** What the handlers write into. */
export const tables = [
  'create table job_run (job_id uuid not null, at timestamptz not null default clock_timestamp())',
  'create table job_effect (job_id uuid not null)',
  'create table job_order (place bigint generated always as identity, lane text not null, number int not null)',
];
