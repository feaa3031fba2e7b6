import type { JobInput, JobName } from '../declarations.ts';

/** A job with its payload, as a schedule creates it at every tick. */
export type ScheduledJob = {
  [N in JobName]: { readonly job: N; readonly payload: JobInput[N] };
}[JobName];

/**
 * What becomes of ticks at which no process ran.
 *
 * - `skip`: nothing, if they are older than two minutes;
 * - `once`: the newest of them is made up for, however many there were;
 * - `all`: the newest hundred are made up for, a job each.
 */
export type MissedRuns = 'skip' | 'once' | 'all';

/** A recurring task: the jobs that exist once per tick, however many processes there are. */
export interface Schedule {
  /** Five fields: minute, hour, day of month, month, day of week. */
  readonly cron: string;
  /** IANA name: the fields are this zone's, whatever its clocks do for summer time. @default 'UTC' */
  readonly timezone?: string;
  /** @default 'once' */
  readonly missed?: MissedRuns;
  readonly jobs: readonly ScheduledJob[];
}

/** Schedules by name. */
export type Schedules = Readonly<Record<string, Schedule>>;

/** The zone whose clock a schedule reads. */
export const timezoneOf = ({ timezone = 'UTC' }: Schedule): string => timezone;
