import type { DataSource } from 'typeorm';

import { crons } from '../../crons.ts';
import type { JobName } from '../declarations.ts';
import { databaseClock } from '../store/clock.ts';
import { listSchedules, type ListedSchedule } from './list.ts';
import type { Schedules } from './schedule.ts';
import { nextTicks, pastTicks, tickKey } from './ticks.ts';

/** A job that a tick created. */
export interface JobOfTick {
  readonly job: JobName;
  readonly id: string;
  /** Null once retention has deleted it. */
  readonly state: string | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly error: string | null;
}

/** A tick of the past, and what became of it. */
export interface PastTick {
  readonly at: Date;
  /** Empty if nothing was created: it was missed. */
  readonly jobs: readonly JobOfTick[];
}

export interface ScheduleHistory {
  readonly schedule: ListedSchedule;
  /** The newest first, back to the first of these that created something. */
  readonly past: readonly PastTick[];
  /** The soonest first. */
  readonly next: readonly Date[];
}

const jobsSql = `
  select wanted.key, wanted.name as job, known.job_id as id, coalesce(live.state, archived.state) as state,
    coalesce(live.started_at, archived.started_at) as "startedAt",
    coalesce(live.failed_at, archived.finished_at) as "finishedAt", archived.error
  from unnest($1::text[], $2::text[]) as wanted (name, key)
  join job_key known on known.name = wanted.name and known.key = wanted.key
  left join job live on live.id = known.job_id
  left join jobs_completed archived on archived.id = known.job_id`;

/**
 * A schedule with its last ticks and the jobs that they created, and its next ticks.
 *
 * @param ticks of the past. @default 20
 * @returns `undefined` if none of this name is declared
 * @throws InvalidScheduleError
 */
export const scheduleHistory = async (
  con: DataSource,
  name: string,
  ticks = 20,
  schedules: Schedules = crons,
): Promise<ScheduleHistory | undefined> => {
  const declared = Object.hasOwn(schedules, name) ? schedules[name] : undefined;
  if (!declared) return undefined;
  const now = await databaseClock(con);
  const [schedule] = await listSchedules(con, now, { [name]: declared });
  const past = pastTicks(name, declared, now, ticks);
  const wanted = past.flatMap((tick) =>
    declared.jobs.map(({ job }, index) => ({
      job,
      key: tickKey(name, tick, index),
    })),
  );
  const rows = await con.query<(JobOfTick & { key: string })[]>(jobsSql, [
    wanted.map(({ job }) => job),
    wanted.map(({ key }) => key),
  ]);
  const byKey = new Map(rows.map(({ key, ...row }) => [key, row]));
  const ticked = past.map((at) => ({
    at,
    jobs: declared.jobs.flatMap((_, index) => {
      const job = byKey.get(tickKey(name, at, index));
      return job ? [job] : [];
    }),
  }));
  const first = ticked.findLastIndex(({ jobs }) => jobs.length > 0);
  return {
    schedule: schedule!,
    past: ticked.slice(0, first + 1),
    next: nextTicks(name, declared, now, 5),
  };
};
