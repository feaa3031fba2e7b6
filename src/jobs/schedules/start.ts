import type { DataSource } from 'typeorm';

import { crons } from '../../crons.ts';
import type { Logger } from '../../logger.ts';
import { type Fired, fireDueSchedules } from './fire.ts';
import { startLoop, type Wait } from '../loop.ts';
import type { Schedules } from './schedule.ts';

export interface StartSchedulesOptions {
  /** Ends it, as the returned function does. */
  readonly signal?: AbortSignal;
  /** @default crons */
  readonly schedules?: Schedules;
  /** @default the database's clock, which all processes share */
  readonly clock?: () => Date;
  /** @default a timer */
  readonly wait?: Wait;
}

/** Longest wait in milliseconds: a database clock that is set, or a laptop that slept, is noticed within it. */
const LONGEST_WAIT = 60_000;

const tell = (logger: Logger, { fired, missed, failed }: Fired): void => {
  for (const { schedule, tick, job, id } of fired)
    logger.info({ schedule, tick, job, jobId: id }, 'schedule fired');
  for (const { schedule, ticks } of missed)
    logger.warn({ schedule, ticks }, 'ticks went by unmet');
  for (const { schedule, error } of failed)
    logger.error(
      { schedule, err: error },
      'could not fire a schedule; its tick remains owed',
    );
};

/** Wait in milliseconds after a round in which a schedule failed: its tick is owed. */
const RETRY = 5_000;

/**
 * Fires schedules at their ticks for as long as the process runs. Run it in as many processes as you
 * like: each tick is fired once.
 *
 * @returns stops it and waits for what is being written. Idempotent.
 */
export const startSchedules = (
  con: DataSource,
  logger: Logger,
  options: StartSchedulesOptions = {},
): (() => Promise<void>) => {
  const { schedules = crons, clock, signal, wait } = options;
  return startLoop({
    name: 'firing schedules',
    longestWait: LONGEST_WAIT,
    logger,
    signal,
    wait,
    round: async () => {
      const fired = await fireDueSchedules(con, clock?.(), schedules);
      tell(logger, fired);
      const untilNext = fired.next
        ? fired.next.getTime() - fired.now.getTime()
        : LONGEST_WAIT;
      return fired.failed.length > 0 ? Math.min(RETRY, untilNext) : untilNext;
    },
  });
};
