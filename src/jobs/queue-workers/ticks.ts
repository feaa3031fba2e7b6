import { dueTicks, nextTick } from '../schedules/ticks.ts';
import type { Schedule } from '../schedules/schedule.ts';

const interval = /^([1-9]|[1-5][0-9]) seconds?$/;

/** As pg_cron writes schedules: five fields in UTC, in which `$` is the last day of the month. */
const scheduleOf = (text: string): Schedule => ({
  cron: text.trim().replace('$', 'L'),
  missed: 'skip',
  jobs: [],
});

/** Milliseconds between two ticks of `30 seconds`; undefined for a cron expression. */
const intervalOf = (text: string): number | undefined => {
  const seconds = interval.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
};

/**
 * The newest tick after `handledUntil` up to and with `now`. Like pg_cron it makes up for nothing: a
 * tick of more than two minutes ago is over.
 *
 * @throws InvalidScheduleError
 */
export const dueTick = (
  name: string,
  schedule: string,
  handledUntil: Date,
  now: Date,
): Date | undefined => {
  const every = intervalOf(schedule);
  if (every === undefined)
    return dueTicks(name, scheduleOf(schedule), handledUntil, now).due[0];
  const ticks = Math.floor((now.getTime() - handledUntil.getTime()) / every);
  return ticks < 1
    ? undefined
    : new Date(handledUntil.getTime() + ticks * every);
};

/** The first tick after a moment that was handled. @throws InvalidScheduleError */
export const tickAfter = (
  name: string,
  schedule: string,
  handledUntil: Date,
): Date | undefined => {
  const every = intervalOf(schedule);
  return every === undefined
    ? nextTick(name, scheduleOf(schedule), handledUntil)
    : new Date(handledUntil.getTime() + every);
};
