import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { enqueue } from '../../jobs/store/enqueue.ts';
import { jobOf } from '../backend/job.ts';
import type { Plan } from '../plan.ts';

/** A task that has no job, or is to have another one. */
export interface IdleTask {
  readonly run_id: string;
  readonly step: string;
  readonly idx: number;
  /** \`waiting\` with a time goes on waiting. */
  readonly state: string;
  readonly due_at: Date | null;
}

/** Tasks that want a job, on the table `task`. */
export const wantsJob = `(task.state in ('queued', 'running') or (task.state = 'waiting' and task.due_at is not null))`;

const goesOnWaiting = ({ state, due_at }: IdleTask): boolean =>
  state === 'waiting' && due_at !== null;

/**
 * Gives tasks of one run new jobs: whatever an older message about them still says, nobody listens. One that
 * waits for a time goes on waiting, every other one is queued; one that failed because its time was up has all of it
 * again. The caller has locked them.
 */
export const requeue = async (
  manager: EntityManager,
  plan: Plan,
  traceparent: string | null,
  tasks: readonly IdleTask[],
): Promise<void> => {
  if (tasks.length === 0) return;
  const byName = new Map(plan.steps.map((step) => [step.name, step]));
  const jobs = tasks.flatMap((task) => {
    const step = byName.get(task.step);
    if (!step) return [];
    const ref = { run: task.run_id, step: task.step, idx: task.idx };
    const job = jobOf(plan, step, ref, uuidv7(), {
      traceparent: traceparent ?? undefined,
      ...(goesOnWaiting(task) && { runAt: task.due_at! }),
    });
    return [{ task, job }];
  });
  await manager.query(
    `update flow_task task set job_id = entry.job_id,
       state = entry.state,
       due_at = case when task.state = 'failed' then null else task.due_at end
     from unnest($1::uuid[], $2::text[], $3::int[], $4::uuid[], $5::text[]) as entry (run_id, step, idx, job_id, state)
     where task.run_id = entry.run_id and task.step = entry.step and task.idx = entry.idx`,
    [
      jobs.map(({ task }) => task.run_id),
      jobs.map(({ task }) => task.step),
      jobs.map(({ task }) => task.idx),
      jobs.map(({ job }) => job.id),
      jobs.map(({ task }) => (goesOnWaiting(task) ? 'waiting' : 'queued')),
    ],
  );
  await enqueue(
    manager,
    jobs.map(({ job }) => job),
  );
};
