import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { jobOf, type TaskRef } from '../backend/job.ts';
import { expandStatement, parkStatement } from '../backend/own-sql.ts';
import type { NewJob } from '../../jobs/port.ts';
import { jobRecord } from '../../jobs/store/enqueue.ts';
import { prepared } from '../../jobs/store/prepared.ts';
import type { Running } from './running.ts';

const owner = ({ task }: Running): unknown[] => [
  task.run,
  task.step,
  task.idx,
  task.claim.id,
  task.claim.fence,
];

/** A new job for a task of the step that runs. */
export const anotherJob = (
  { task, plan, planned }: Running,
  idx = task.idx,
): NewJob => {
  const ref: TaskRef = { run: task.run, step: task.step, idx };
  return jobOf(plan, planned, ref, uuidv7(), { traceparent: task.traceparent });
};

/** How a task waits. */
export interface Parking {
  /** Seconds until it is due; `undefined` if only others wake it. */
  readonly seconds?: number | undefined;
  /** Carries it on when it is due. */
  readonly timer?: NewJob | undefined;
}

/** Lets a task wait, if it is still ours; its job is done. With `manager`, in its transaction. */
export const park = async (
  running: Running,
  { seconds, timer }: Parking,
  manager: EntityManager = running.settling.manager,
): Promise<void> => {
  await prepared(manager, parkStatement, [
    ...owner(running),
    seconds ?? null,
    timer ? JSON.stringify(jobRecord(timer, 0)) : null,
  ]);
};

/** Items in one shard of a map, and shards at most: they spread the counting over rows. */
const itemsOfShard = 16;
const mostShards = 64;

/**
 * Turns the task that found items into theirs, if it is still ours; its job is done.
 *
 * Items that stand together end together where ends go in batches, and share a shard, so that two batches
 * seldom wait for each other. Transactional ones end alone, so that neighbours would wait for each other.
 */
export const expand = async (
  running: Running,
  items: readonly string[],
): Promise<void> => {
  await prepared(running.settling.manager, expandStatement, [
    ...owner(running),
    `[${items.join(',')}]`,
    JSON.stringify(jobRecord(anotherJob(running, 0), 0)),
    items.map(() => uuidv7()),
    Math.min(mostShards, Math.ceil(items.length / itemsOfShard)),
    running.planned.transactional ? 1 : itemsOfShard,
  ]);
};
