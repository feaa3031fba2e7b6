import type { DataSource, EntityManager } from 'typeorm';

import { crons } from '../../crons.ts';
import type { JobName } from '../declarations.ts';
import { databaseClock } from '../store/clock.ts';
import { createScheduledJob } from './create-scheduled-job.ts';
import {
  advanceSchedule,
  beginSchedule,
  forgetSchedules,
  lockSchedule,
  markSeen,
  readSchedules,
  type ScheduleRow,
} from './rows.ts';
import { type Schedule, type Schedules, timezoneOf } from './schedule.ts';
import { dueTicks, nextTick, tickKey } from './ticks.ts';

/** A job that a tick created. */
export interface FiredJob {
  readonly schedule: string;
  readonly tick: Date;
  readonly job: JobName;
  readonly id: string;
}

/** What one look at the schedules did. */
export interface Fired {
  /** The moment it looked at. */
  readonly now: Date;
  readonly fired: readonly FiredJob[];
  /** Ticks that nothing was created for, by the policy of their schedule; see `DueTicks`. */
  readonly missed: readonly {
    readonly schedule: string;
    readonly ticks: number;
  }[];
  /** Schedules whose ticks remain owed because something went wrong; the others are not held up. */
  readonly failed: readonly {
    readonly schedule: string;
    readonly error: unknown;
  }[];
  /** The next tick of any schedule; undefined if there is none ever. */
  readonly next: Date | undefined;
}

const MINUTE = 60_000;

/** A schedule that no process declares is forgotten after a day: long after any rolling release. */
const forgottenAfter = 24 * 60 * MINUTE;

/** `seen_at` is refreshed so often, and the ticks of quiet schedules are passed over. */
const refreshAfter = 60 * MINUTE;

const changed = (row: ScheduleRow, schedule: Schedule): boolean =>
  row.expression !== schedule.cron || row.timezone !== timezoneOf(schedule);

/**
 * Where the ticks that are owed begin. A clock that was set back by more than a minute is believed:
 * the ticks that come a second time meet the idempotency keys of their jobs.
 */
const owedSince = (row: ScheduleRow, now: Date): Date =>
  row.handledUntil.getTime() > now.getTime() + MINUTE ? now : row.handledUntil;

/** Whether there is anything to do that is worth a lock. */
const wantsWork = (
  name: string,
  schedule: Schedule,
  row: ScheduleRow,
  now: Date,
): boolean => {
  if (changed(row, schedule) || owedSince(row, now) === now) return true;
  const next = nextTick(name, schedule, row.handledUntil);
  return next !== undefined && next <= now;
};

interface FiredSchedule {
  readonly jobs: readonly FiredJob[];
  readonly missed: number;
}

const fireLocked = async (
  manager: EntityManager,
  name: string,
  schedule: Schedule,
  row: ScheduleRow,
  now: Date,
): Promise<FiredSchedule> => {
  const { due, missed } = dueTicks(
    name,
    schedule,
    owedSince(row, now),
    now,
    changed(row, schedule),
  );
  const jobs: FiredJob[] = [];
  for (const tick of due)
    for (const [index, scheduled] of schedule.jobs.entries()) {
      const { id, created } = await createScheduledJob(
        manager,
        scheduled,
        tickKey(name, tick, index),
      );
      if (created) jobs.push({ schedule: name, tick, job: scheduled.job, id });
    }
  // A clock a little behind must not owe again what another process has dealt with.
  const since = owedSince(row, now);
  await advanceSchedule(
    manager,
    name,
    schedule.cron,
    timezoneOf(schedule),
    since > now ? since : now,
    due.at(-1),
  );
  return { jobs, missed };
};

/**
 * Creates the jobs of every tick that has come, each once however many processes look: the jobs and
 * the word that their tick is dealt with are one commit. Call it at every tick, or now and then.
 *
 * - A schedule seen for the first time owes nothing from before.
 * - One whose expression or zone changed owes only what has come in the last two minutes.
 * - One that is declared no more is forgotten after a day.
 *
 * @param now @default the database's clock, which all processes share
 */
export const fireDueSchedules = async (
  con: DataSource,
  now?: Date,
  schedules: Schedules = crons,
): Promise<Fired> => {
  const at = now ?? (await databaseClock(con));
  const rows = new Map(
    (await readSchedules(con)).map((row) => [row.name, row]),
  );
  const fired: FiredJob[] = [];
  const missed: { schedule: string; ticks: number }[] = [];
  const failed: { schedule: string; error: unknown }[] = [];
  const nexts: Date[] = [];

  for (const [name, schedule] of Object.entries(schedules))
    try {
      const next = nextTick(name, schedule, at);
      if (next) nexts.push(next);
      const row = rows.get(name);
      if (!row)
        await beginSchedule(con, name, schedule.cron, timezoneOf(schedule), at);
      else if (wantsWork(name, schedule, row, at)) {
        const result = await con.transaction(async (manager) => {
          const locked = await lockSchedule(manager, name);
          return locked && fireLocked(manager, name, schedule, locked, at);
        });
        fired.push(...(result?.jobs ?? []));
        if (result?.missed)
          missed.push({ schedule: name, ticks: result.missed });
      }
    } catch (error) {
      failed.push({ schedule: name, error });
    }

  const names = Object.keys(schedules);
  const stale = [...rows.values()].filter(
    ({ seenAt }) => at.getTime() - seenAt.getTime() > refreshAfter,
  );
  if (stale.some(({ name }) => names.includes(name)))
    await markSeen(con, names, at);
  if (stale.some(({ name }) => !names.includes(name)))
    await forgetSchedules(con, names, new Date(at.getTime() - forgottenAfter));
  nexts.sort((a, b) => a.getTime() - b.getTime());
  return { now: at, fired, missed, failed, next: nexts[0] };
};
