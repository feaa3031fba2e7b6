import type { DataSource, EntityManager } from 'typeorm';

import { crons } from '../../crons.ts';
import type { JobName } from '../declarations.ts';
import { createScheduledJob } from './create-scheduled-job.ts';
import { UnknownScheduleError } from './errors.ts';
import type { Schedules } from './schedule.ts';

/** A job that was created for a schedule by hand. */
export interface JobOfNow {
  readonly job: JobName;
  readonly id: string;
}

/**
 * Creates a schedule's jobs now, all or none, whatever its ticks: the next tick comes as if nothing had
 * been.
 *
 * @param con with a transaction of its own, its part of that
 * @throws UnknownScheduleError
 */
export const runScheduleNow = async (
  con: DataSource | EntityManager,
  name: string,
  schedules: Schedules = crons,
): Promise<JobOfNow[]> => {
  const known = Object.keys(schedules);
  const schedule = Object.hasOwn(schedules, name) ? schedules[name] : undefined;
  if (!schedule) throw new UnknownScheduleError(name, known);
  return con.transaction(async (manager) => {
    const created: JobOfNow[] = [];
    for (const scheduled of schedule.jobs)
      created.push({
        job: scheduled.job,
        id: (await createScheduledJob(manager, scheduled)).id,
      });
    return created;
  });
};
