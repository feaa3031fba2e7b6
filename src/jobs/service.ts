import type { DataSource } from 'typeorm';

import { closed } from '../drain.ts';
import type { Logger } from '../logger.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { startLoop } from './loop.ts';
import { startQueueWorkers } from './queue-workers/start.ts';
import type { JobRegistry } from './registry.ts';
import { startSchedules } from './schedules/start.ts';

/** How long a tick or a sweep that has begun may take to end, in milliseconds. */
const stopTime = 5_000;

/** Milliseconds between two looks for what lost its job. */
const sweepInterval = 10_000;

export interface JobServiceOptions {
  readonly con: DataSource;
  /** A Postgres URL, for connections that handlers cannot take away. */
  readonly url: string;
  readonly registry: JobRegistry;
  readonly logger: Logger;
  /** Queues to serve. @default all */
  readonly queues?: readonly string[];
  /** Jobs at once, in every queue. @default the queues' own concurrency */
  readonly concurrency?: number;
  /** Whether schedules are fired and queue workers called, too. @default true */
  readonly schedules?: boolean;
  readonly drainTimeoutSeconds?: number;
}

/** Jobs and schedules, running in this process. */
export interface JobService {
  readonly queues: readonly string[];
  /** Jobs running now. */
  readonly running: number;
  /** Fires no more schedules, claims no more jobs, and lets those that run end; see `Dispatcher`. */
  drain(): Promise<void>;
}

/**
 * Runs jobs and fires schedules in this process; any number of processes may.
 *
 * @throws UnknownQueueError, and whatever the driver says if Postgres cannot be reached.
 */
export const startJobs = async ({
  schedules = true,
  ...options
}: JobServiceOptions): Promise<JobService> => {
  const { con, logger } = options;
  const dispatcher = new Dispatcher(options);
  await dispatcher.start();
  const { sweep } = options.registry;
  const stops = schedules
    ? [startSchedules(con, logger), startQueueWorkers(con, logger)]
    : [];
  if (sweep)
    stops.push(
      startLoop({
        name: 'sweeping after lost jobs',
        longestWait: sweepInterval,
        logger,
        round: async () => {
          await sweep(con, logger);
          return sweepInterval;
        },
      }),
    );
  return {
    queues: [...dispatcher.runners.keys()],
    get running() {
      return dispatcher.running;
    },
    drain: async () => {
      const stopped = Promise.all(stops.map((stop) => stop()));
      await Promise.all([
        dispatcher.drain(),
        closed(logger, stopTime, { 'schedules and sweeps': stopped }),
      ]);
    },
  };
};
