import type { FastifyInstance, FastifyReply } from 'fastify';
import type { DataSource } from 'typeorm';

import { createJobs, getJob, type JobOptions } from '../../jobs/create-job.ts';
import type { JobName } from '../../jobs/declarations.ts';
import { runJobs } from '../../jobs/invoke/run-jobs.ts';
import { work } from '../../jobs/invoke/work.ts';
import { QueuePriority } from '../../jobs/queue.ts';
import type { JobRegistry } from '../../jobs/registry.ts';
import { largestPayload } from '../../jobs/resolve.ts';
import { fireDueSchedules } from '../../jobs/schedules/fire.ts';
import type { Logger } from '../../logger.ts';
import { requireBearer } from '../bearer.ts';
import { notFound } from '../errors.ts';
import { parseInput } from '../input.ts';
import { answerErrors } from '../rest-errors.ts';
import { jobParameters, newJobBody, runQuery } from './input.ts';
import { openApiDocument } from './openapi.ts';

export interface JobRoutesOptions {
  readonly dataSource: DataSource;
  readonly logger: Logger;
  /** Bearer token of those who create and look at jobs; `undefined` closes that. */
  readonly jobApiSecret: string | undefined;
  /** Bearer token of those who have jobs run; `undefined` closes that. */
  readonly workerSecret: string | undefined;
  /** Seconds that `POST /api/worker` takes at most. */
  readonly workerBudgetSeconds: number;
  /** What can be run; loaded with the first request that runs something. */
  readonly jobs: () => Promise<JobRegistry>;
}

/** Milliseconds beyond the budget after which a request is given up. */
const overrun = 10_000;

/** Fires when the caller is gone before the answer. */
const goneSignal = ({ raw }: FastifyReply): AbortSignal => {
  const gone = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort();
  });
  return gone.signal;
};

/** `?queue=&limit=` says nothing of either. */
const withoutBlanks = (query: unknown): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(query as object).filter(([, value]) => value !== ''),
  );

const addCreating = (
  app: FastifyInstance,
  { dataSource, jobApiSecret }: JobRoutesOptions,
): void => {
  app.addHook('onRequest', async (request) =>
    requireBearer(
      request.headers,
      jobApiSecret,
      'JOB_API_SECRET',
      'the job API',
    ),
  );
  app.post(
    '/jobs',
    { bodyLimit: largestPayload + 64 * 1_024 },
    async (request, reply) => {
      const { name, priority, ...options } = parseInput(
        newJobBody,
        request.body,
      );
      const [job] = await createJobs<JobName>(
        name,
        [
          {
            ...options,
            ...(priority && { priority: QueuePriority[priority] }),
          } as JobOptions<JobName>,
        ],
        { manager: dataSource.manager },
      );
      return reply.code(job!.created ? 201 : 200).send(job);
    },
  );
  app.get('/jobs/:id', async ({ params }) => {
    const { id } = parseInput(jobParameters, params);
    const job = await getJob(id, { manager: dataSource.manager });
    if (!job) throw notFound('job', id);
    return job;
  });
};

const addRunning = (
  app: FastifyInstance,
  {
    dataSource: con,
    logger,
    workerSecret,
    workerBudgetSeconds: budgetSeconds,
    jobs,
  }: JobRoutesOptions,
): void => {
  const handlerTimeout = budgetSeconds * 1_000 + overrun;
  app.addHook('onRequest', async (request) =>
    requireBearer(
      request.headers,
      workerSecret,
      'WORKER_INVOCATION_SECRET',
      'running jobs over HTTP',
    ),
  );
  // Callers such as pg_net send a body that says nothing.
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  app.post('/jobs/run', { handlerTimeout }, async (request, reply) =>
    runJobs({
      ...parseInput(runQuery, withoutBlanks(request.query)),
      con,
      logger,
      registry: await jobs(),
      signal: AbortSignal.any([
        goneSignal(reply),
        AbortSignal.timeout(budgetSeconds * 1_000),
      ]),
    }),
  );
  app.post('/worker', { handlerTimeout }, async (_request, reply) =>
    work({
      con,
      logger,
      registry: await jobs(),
      budgetSeconds,
      signal: goneSignal(reply),
      fireSchedules: async () => {
        const { fired, failed } = await fireDueSchedules(con);
        for (const { schedule, error } of failed)
          logger.error({ schedule, err: error }, 'could not fire a schedule');
        return fired.length;
      },
    }),
  );
};

/**
 * Adds `POST /api/jobs`, `GET /api/jobs/:id` behind JOB_API_SECRET, `POST /api/jobs/run` and
 * `POST /api/worker` behind WORKER_INVOCATION_SECRET, and `/api/openapi.json`, which describes them.
 */
export const addJobRoutes = (
  app: FastifyInstance,
  options: JobRoutesOptions,
): void => {
  const group = (
    add: (app: FastifyInstance, options: JobRoutesOptions) => void,
  ): void => {
    app.register(
      async (routes) => {
        answerErrors(routes, options.logger);
        routes.addHook('onRequest', async (_request, reply) => {
          reply.header('cache-control', 'no-store');
        });
        add(routes, options);
      },
      { prefix: '/api' },
    );
  };
  group(addCreating);
  group(addRunning);
  app.get('/api/openapi.json', async () => openApiDocument());
};
