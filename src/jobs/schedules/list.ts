import type { DataSource } from 'typeorm';

import { crons } from '../../crons.ts';
import type { JobName } from '../declarations.ts';
import { databaseClock } from '../store/clock.ts';
import { readSchedules } from './rows.ts';
import { type MissedRuns, type Schedules, timezoneOf } from './schedule.ts';
import { nextTick } from './ticks.ts';

/** A schedule as it stands. */
export interface ListedSchedule {
  readonly name: string;
  readonly cron: string;
  readonly timezone: string;
  readonly missed: MissedRuns;
  readonly jobs: readonly JobName[];
  /** The newest tick whose jobs were created; null if there was none yet. */
  readonly last: Date | null;
  /** Null if there is none ever. */
  readonly next: Date | null;
}

/** Every declared schedule with its last and next ticks. @throws InvalidScheduleError */
export const listSchedules = async (
  con: DataSource,
  now?: Date,
  schedules: Schedules = crons,
): Promise<ListedSchedule[]> => {
  const at = now ?? (await databaseClock(con));
  const rows = new Map(
    (await readSchedules(con)).map((row) => [row.name, row]),
  );
  return Object.entries(schedules).map(([name, schedule]) => ({
    name,
    cron: schedule.cron,
    timezone: timezoneOf(schedule),
    missed: schedule.missed ?? 'once',
    jobs: schedule.jobs.map(({ job }) => job),
    last: rows.get(name)?.lastTick ?? null,
    next: nextTick(name, schedule, at) ?? null,
  }));
};
