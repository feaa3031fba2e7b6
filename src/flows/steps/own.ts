import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { jobOf, type TaskRef } from '../backend/job.ts';
import { expandStatement, parkStatement } from '../backend/own-sql.ts';
import type { NewJob } from '../../jobs/port.ts';
import { jobRecord } from '../../jobs/store/enqueue.ts';
import { prepared } from '../../jobs/store/prepared.ts';
import { persistently } from '../execution/persistently.ts';
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
  manager?: EntityManager,
): Promise<void> => {
  const parameters = [
    ...owner(running),
    seconds ?? null,
    timer ? JSON.stringify(jobRecord(timer, 0)) : null,
  ];
  if (manager) await prepared(manager, parkStatement, parameters);
  else
    await persistently(
      () => prepared(running.settling.manager, parkStatement, parameters),
      running.signal,
    );
};

/** How the tasks of a map are counted: in shards, so that those who end them seldom wait for each other. */
interface Shards {
  readonly shards: number;
  /** Items that stand together in a shard. */
  readonly together: number;
  /** Shards that the shards count in, if not in the step itself. */
  readonly parents: number | undefined;
}

/** Ends that go in batches are of items that stand together: they share a shard, and two batches seldom meet. */
const ofBatches = { items: 16, most: 32 };

/** Ends that go alone are of neighbours, and as many at once as there are handlers: each has a shard of its own. */
const alone = { items: 4, most: 512, parents: 32 };

const shardsFor = (items: number, transactional: boolean): Shards => {
  const { items: ofShard, most } = transactional ? alone : ofBatches;
  const shards = Math.min(most, Math.ceil(items / ofShard));
  return {
    shards,
    together: transactional ? 1 : ofShard,
    parents:
      transactional && shards > alone.parents ? alone.parents : undefined,
  };
};

/**
 * Turns the task that found items into theirs, if it is still ours; its job is done.
 */
export const expand = async (
  running: Running,
  items: readonly string[],
): Promise<void> => {
  const { shards, together, parents } = shardsFor(
    items.length,
    running.planned.transactional,
  );
  const parameters = [
    ...owner(running),
    `[${items.join(',')}]`,
    JSON.stringify(jobRecord(anotherJob(running, 0), 0)),
    items.map(() => uuidv7()),
    shards,
    together,
    parents ?? null,
  ];
  await persistently(
    () => prepared(running.settling.manager, expandStatement, parameters),
    running.signal,
  );
};
