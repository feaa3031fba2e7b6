import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { newOperation, recordAction } from '../../../dead-letters/audit.ts';
import { redact } from '../../../dead-letters/redact.ts';
import { getJob } from '../../../jobs/create-job.ts';
import { taskOfJob } from '../../../flows/index.ts';
import { keptBy } from '../../../bulk/kept.ts';
import { UnknownQueueError } from '../../../jobs/errors.ts';
import { cancelJob } from '../../../jobs/operate/cancel.ts';
import { listJobs } from '../../../jobs/operate/list.ts';
import { pauseQueue, resumeQueue } from '../../../jobs/operate/pause.ts';
import { completedLately } from '../../../jobs/operate/completed-lately.ts';
import { queueStatistics } from '../../../jobs/operate/statistics.ts';
import { type QueueDefinition, queueOf } from '../../../jobs/queue.ts';
import { queues } from '../../../jobs/queues.ts';
import { scheduleHistory } from '../../../jobs/schedules/history.ts';
import { listSchedules } from '../../../jobs/schedules/list.ts';
import { runScheduleNow } from '../../../jobs/schedules/run-now.ts';
import {
  listPauses,
  pauseSubscription,
  resumeSubscription,
} from '../../../subscriptions/pauses.ts';
import { notFound } from '../../errors.ts';
import { maximumPageSize, parseInput } from '../../input.ts';
import { cut } from '../../pages.ts';
import { idParameters, reason } from '../input.ts';
import type { OperatorMutation, OperatorQuery } from './fields.ts';

const definitions: Readonly<Record<string, QueueDefinition>> = queues;

const name = z.string().min(1).max(512);

const listQuery = z.strictObject({
  state: z.enum([
    'scheduled',
    'pending',
    'running',
    'completed',
    'failed',
    'cancelled',
  ]),
  queue: name.optional(),
  name: name.optional(),
  first: z.int().min(1).max(maximumPageSize),
  after: z.uuid().optional(),
});

const cancelInput = z.strictObject({ id: z.uuid(), reason: reason.optional() });
const subscriptionInput = z.strictObject({
  subscription: name,
  reason: reason.optional(),
});
const pauseInput = subscriptionInput.extend({ reason });
const queueInput = z.strictObject({ queue: name, reason: reason.optional() });
const scheduleQuery = z.strictObject({ name });
const scheduleInput = z.strictObject({ name, reason: reason.optional() });

const nothing = {
  pending: 0,
  scheduled: 0,
  running: 0,
  failed: 0,
  completed: 0,
  oldestDueSeconds: 0,
  pausedBy: undefined,
};

/** Of a step of a flow, its run. */
const flowRunOf = async (
  manager: EntityManager,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<string | undefined> => {
  const [job] = await manager.query<{ payload: unknown }[]>(
    `select payload from job where id = $1 and name like 'flow %'
     union all select payload from jobs_completed where id = $1 and name like 'flow %'`,
    [id],
  );
  return job && taskOfJob(name, job.payload)?.run;
};

export const workQueries: Readonly<Record<string, OperatorQuery>> = {
  jobs: [
    'read',
    async (args, { con }) => {
      const { first, ...filter } = parseInput(listQuery, args);
      const found = await listJobs(con.manager, {
        ...filter,
        limit: first + 1,
      });
      return cut(found, first);
    },
  ],
  job: [
    'read',
    async (args, { con: { manager } }) => {
      const { id } = parseInput(idParameters, args);
      const found = await getJob(id, { manager });
      if (!found) throw notFound('job', id);
      const { result, error, progress, history, key, ...job } = found;
      const [entry] = await manager.query<{ id: string }[]>(
        `select id from dead_letter where source = 'job' and subscription = $1 and identity = $2`,
        [job.queue, id],
      );
      return {
        job,
        key,
        error,
        progress: progress?.fraction,
        progressAt: progress?.at,
        result: redact(result),
        history,
        deadLetter: entry?.id,
        flowRun: await flowRunOf(manager, job),
      };
    },
  ],
  queues: [
    'read',
    async (_, { con }) => {
      const known = new Map(
        (await queueStatistics(con.manager, undefined, completedLately)).map(
          (row) => [row.queue, row],
        ),
      );
      return Object.entries(definitions).map(([queue, definition]) => {
        const { concurrency, attempts, timeoutSeconds, order } =
          queueOf(definition);
        return {
          ...nothing,
          ...known.get(queue),
          queue,
          concurrency,
          attempts,
          timeoutSeconds,
          strict: order === 'strict',
        };
      });
    },
  ],
  subscriptionPauses: ['read', (_, { con }) => listPauses(con)],
  schedules: ['read', (_, { con }) => listSchedules(con)],
  schedule: [
    'read',
    async (args, { con }) => {
      const { name } = parseInput(scheduleQuery, args);
      const found = await scheduleHistory(con, name);
      if (!found) throw notFound('schedule', name);
      return found;
    },
  ],
};

const change = (set: typeof pauseQueue): OperatorMutation => [
  'queues',
  async (args, actor, { con }) => {
    const { queue, reason } = parseInput(queueInput, args);
    if (!Object.hasOwn(definitions, queue))
      throw new UnknownQueueError(queue, Object.keys(definitions));
    await set(con.manager, queue, { actor, reason });
    return true;
  },
];

export const workMutations: Readonly<Record<string, OperatorMutation>> = {
  cancelJob: [
    'jobs',
    (args, actor, { con }) => {
      const { id, reason } = parseInput(cancelInput, args);
      return cancelJob(con.manager, id, { actor, reason }, keptBy);
    },
  ],
  pauseSubscription: [
    'subscriptions',
    async (args, actor, { con }) => {
      const { subscription, reason } = parseInput(pauseInput, args);
      await pauseSubscription(con.manager, subscription, { actor, reason });
      return true;
    },
  ],
  resumeSubscription: [
    'subscriptions',
    async (args, actor, { con }) => {
      const { subscription, reason } = parseInput(subscriptionInput, args);
      await resumeSubscription(con.manager, subscription, { actor, reason });
      return true;
    },
  ],
  pauseQueue: change(pauseQueue),
  resumeQueue: change(resumeQueue),
  runSchedule: [
    'schedules',
    async (args, actor, { con }) => {
      const { name, reason } = parseInput(scheduleInput, args);
      return con.transaction(async (manager) => {
        const created = await runScheduleNow(manager, name);
        await recordAction(manager, {
          operation: newOperation(),
          action: 'schedules.run',
          actor,
          reason,
          filter: { schedule: name },
          counts: { jobs: created.length },
        });
        return created.map(({ id }) => id);
      });
    },
  ],
};
