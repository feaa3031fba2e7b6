import type { EntityManager } from 'typeorm';

import createOrGetConnection from '../db.ts';
import { currentCause } from '../events/context.ts';
import { type JobInput, type JobName, JobNames, jobs } from './declarations.ts';
import type { JobDeclaration } from './declare.ts';
import { UnknownJobError } from './errors.ts';
import { originOf } from './origin.ts';
import type { Enqueued, Job, NewJob } from './port.ts';
import type { Backoff, QueuePriority, TenantTier } from './queue.ts';
import { type QueueName, queues } from './queues.ts';
import { type GivenOptions, resolveJob } from './resolve.ts';
import { enqueue } from './store/enqueue.ts';
import { find } from './store/find.ts';

export interface JobOptions<Name extends JobName> {
  readonly payload: JobInput[Name];
  /** A time with its zone: a Date, or an ISO 8601 text that ends in `Z` or an offset. @default now */
  readonly run_at?: Date | string;
  /** @default the declaration's, else 'default' */
  readonly queue?: QueueName;
  /** @default the declaration's, else the queue's */
  readonly priority?: QueuePriority;
  /** A second job with the same key is never created; the first one's id is returned. At most 512 bytes. */
  readonly idempotencyKey?: string;
  /** Whose job it is: limits count by it. */
  readonly tenant?: { readonly id: string; readonly tier?: TenantTier };
  /** Jobs of one key keep their order in a strict queue. */
  readonly key?: string;
  /** In all, 1 to 100. @default the declaration's, else the queue's */
  readonly attempts?: number;
  /** @default the declaration's, else the queue's */
  readonly backoff?: Backoff;
  /** Seconds, at most a day. @default the declaration's, else the queue's */
  readonly timeout?: number;
}

export interface CreateJobContext {
  /**
   * The transaction that the job belongs to: it exists if and only if that commits.
   *
   * @default the transaction of the transactional handler that runs, else one of its own
   */
  readonly manager?: EntityManager;
}

const declarationOf = (name: string): JobDeclaration => {
  if (!Object.hasOwn(jobs, name)) throw new UnknownJobError(name, JobNames);
  return jobs[name as JobName];
};

const newJob = (name: string, given: GivenOptions): NewJob =>
  resolveJob(
    name,
    declarationOf(name),
    queues,
    given,
    originOf(name, given.idempotencyKey),
  );

const managerOf = async ({
  manager,
}: CreateJobContext): Promise<EntityManager> =>
  manager ?? currentCause()?.manager ?? (await createOrGetConnection()).manager;

/**
 * Creates a job: checks it by its declaration and writes it down, in the transaction of
 * `context.manager` if that is given. A dispatcher starts it within milliseconds of the commit. Within a
 * handler the job knows its cause, and a handler that runs again creates the same job again, once.
 *
 * @returns the job's id; with an idempotency key that was used before, the id of the first job.
 * @throws InvalidJobError, UnknownJobError, UnknownQueueError: nothing was written then; and whatever
 * Postgres says.
 */
export const createJob = async <Name extends JobName>(
  name: Name,
  options: JobOptions<Name>,
  context: CreateJobContext = {},
): Promise<string> => {
  const [enqueued] = await createJobs(name, [options], context);
  return enqueued!.id;
};

/**
 * Creates many jobs of one name with one statement; see `createJob`. All or none are created.
 *
 * @returns for each its id, and whether it is new.
 */
export const createJobs = async <Name extends JobName>(
  name: Name,
  options: readonly JobOptions<Name>[],
  context: CreateJobContext = {},
): Promise<Enqueued[]> => {
  const made = options.map((each) => newJob(name, each as GivenOptions));
  return enqueue(await managerOf(context), made);
};

/** @returns the job with its attempts, finished or not; `undefined` if there is none of this id. */
export const getJob = async (
  id: string,
  context: CreateJobContext = {},
): Promise<Job | undefined> => find(await managerOf(context), id);
