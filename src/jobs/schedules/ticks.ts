import { Cron } from 'croner';

import { InvalidScheduleError } from './errors.ts';
import { type Schedule, timezoneOf } from './schedule.ts';

/** Ticks that `missed: 'all'` makes up for at most. */
export const mostMissed = 100;

/** Seconds within which a tick counts as met, so that a process that looks once a minute meets it. */
export const graceSeconds = 120;

/** Ticks that have come, oldest first, and how they are to be treated. */
export interface DueTicks {
  /** Ticks for which jobs are to be created, oldest first. */
  readonly due: readonly Date[];
  /** Ticks that nothing is created for; beyond a hundred only that there are more. */
  readonly missed: number;
}

const parsed = (name: string, schedule: Schedule): Cron => {
  const timezone = timezoneOf(schedule);
  try {
    const cron = new Cron(schedule.cron, {
      paused: true,
      mode: '5-part',
      timezone,
    });
    // The zone is looked at when a tick is computed, and not before.
    cron.nextRun(new Date(0));
    return cron;
  } catch (error) {
    throw new InvalidScheduleError(name, schedule.cron, timezone, {
      cause: error,
    });
  }
};

/**
 * The first tick after a moment, or undefined if there is none ever.
 *
 * @throws InvalidScheduleError
 */
export const nextTick = (
  name: string,
  schedule: Schedule,
  after: Date,
): Date | undefined => parsed(name, schedule).nextRun(after) ?? undefined;

/** croner looks at whole seconds and leaves the reference out: the next second includes `now`. */
const secondAfter = (now: Date): Date =>
  new Date(Math.floor(now.getTime() / 1000) * 1000 + 1000);

/** The next ticks after a moment, the soonest first. @throws InvalidScheduleError */
export const nextTicks = (
  name: string,
  schedule: Schedule,
  after: Date,
  count: number,
): Date[] => parsed(name, schedule).nextRuns(count, after);

/** The last ticks up to a moment, the newest first. @throws InvalidScheduleError */
export const pastTicks = (
  name: string,
  schedule: Schedule,
  now: Date,
  count: number,
): Date[] =>
  parsed(name, schedule)
    .previousRuns(count, secondAfter(now))
    .filter((tick) => tick <= now);

/** What makes the jobs of a tick once: the idempotency key of the job at a place of the schedule. */
export const tickKey = (name: string, tick: Date, index: number): string => {
  const key = `schedule:${name}:${tick.toISOString()}`;
  return index === 0 ? key : `${key}:${index}`;
};

/**
 * The ticks after `handledUntil` up to and with `now`, as the schedule's policy has it. A schedule that
 * has just `changed` owes nothing from before, as far as nobody could have met it.
 *
 * @throws InvalidScheduleError
 */
export const dueTicks = (
  name: string,
  schedule: Schedule,
  handledUntil: Date,
  now: Date,
  changed = false,
): DueTicks => {
  const ticks = parsed(name, schedule)
    .previousRuns(mostMissed + 1, secondAfter(now))
    .filter((tick) => tick > handledUntil && tick <= now)
    .reverse();
  const policy = changed ? 'skip' : (schedule.missed ?? 'once');
  if (policy === 'all') {
    const due = ticks.slice(-mostMissed);
    return { due, missed: ticks.length - due.length };
  }
  const newest = ticks.at(-1);
  const met =
    newest !== undefined &&
    (policy === 'once' ||
      now.getTime() - newest.getTime() <= graceSeconds * 1000);
  const due = met ? [newest] : [];
  return { due, missed: ticks.length - due.length };
};
