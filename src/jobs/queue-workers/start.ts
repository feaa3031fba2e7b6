import type { DataSource } from 'typeorm';

import type { Logger } from '../../logger.ts';
import { startLoop, type Wait } from '../loop.ts';
import { databaseClock } from '../store/clock.ts';
import { runCommandOf } from './command.ts';
import { postToWorker } from './post.ts';
import {
  type ClaimedRun,
  claimRun,
  endRun,
  handledSince,
  type QueueWorker,
  readQueueWorkers,
  type RunResult,
  syncWithPgCron,
} from './rows.ts';
import { tickAfter } from './ticks.ts';

/** A run that has ended, without its token. */
export interface EndedRun extends RunResult {
  readonly worker: string;
  readonly tick: Date;
}

export interface QueueWorkersOptions {
  /** Ends it, as the returned function does. */
  readonly signal?: AbortSignal;
  /** @default the database's clock, which all processes share */
  readonly clock?: () => Date;
  /** @default a timer */
  readonly wait?: Wait;
  /** Told after a run was written down. */
  readonly onEnded?: (run: EndedRun) => void;
}

/** Longest wait in milliseconds: a queue worker that somebody creates is noticed within it. */
const LONGEST_WAIT = 15_000;

/** Between two looks at pg_cron in milliseconds: whether it came, went, or was told to unschedule. */
const SYNC = 60_000;

/** Runs that one process has going at once; a tick that finds no room waits for the next round. */
const MOST_RUNS = 20;

/** Wait in milliseconds when there was no room, or a run before it goes on. */
const NO_ROOM = 1_000;

/**
 * Runs the queue workers that pg_cron does not, each tick once however many processes do this: posts to
 * their addresses, runs their commands. Where pg_cron is, it keeps it and the table of one mind instead.
 *
 * @returns stops it, aborts the runs that go on, and waits until that is written down. Idempotent.
 */
export const startQueueWorkers = (
  con: DataSource,
  logger: Logger,
  options: QueueWorkersOptions = {},
): (() => Promise<void>) => {
  const { clock, wait, onEnded } = options;
  const stopping = new AbortController();
  const signal = options.signal
    ? AbortSignal.any([options.signal, stopping.signal])
    : stopping.signal;
  const running = new Set<Promise<void>>();
  let syncedAt = -Infinity;

  const execute = async (run: ClaimedRun): Promise<void> => {
    const { worker, tick, url, token, timeoutMilliseconds } = run;
    const result =
      url === null
        ? await runCommandOf(con, run, signal)
        : await postToWorker(url, token ?? '', timeoutMilliseconds, signal);
    await endRun(con, run, result);
    if (result.error === undefined)
      logger.debug({ worker, tick, ...result }, 'queue worker ran');
    else logger.warn({ worker, tick, ...result }, 'queue worker failed');
    onEnded?.({ worker, tick, ...result });
  };

  const start = (run: ClaimedRun): void => {
    const execution = execute(run)
      .catch((error: unknown) =>
        logger.error(
          { worker: run.worker, err: error },
          'the end of a run could not be written down',
        ),
      )
      .finally(() => running.delete(execution));
    running.add(execution);
  };

  /** @returns when this worker wants to be looked at again. */
  const look = async (worker: QueueWorker, now: Date): Promise<number> => {
    const since = handledSince(worker, now);
    const next = tickAfter(worker.name, worker.schedule, since);
    if (!next) return LONGEST_WAIT;
    if (next > now && since !== now) return next.getTime() - now.getTime();
    if (running.size >= MOST_RUNS) return NO_ROOM;
    const run = await claimRun(con, worker.name, now);
    if (!run) return NO_ROOM;
    start(run);
    const after = tickAfter(worker.name, worker.schedule, now);
    return after ? after.getTime() - now.getTime() : LONGEST_WAIT;
  };

  const stop = startLoop({
    name: 'running queue workers',
    longestWait: LONGEST_WAIT,
    logger,
    signal,
    wait,
    round: async () => {
      const now = clock?.() ?? (await databaseClock(con));
      if (Math.abs(now.getTime() - syncedAt) >= SYNC) {
        await syncWithPgCron(con);
        syncedAt = now.getTime();
      }
      const workers = await readQueueWorkers(con);
      let waiting = LONGEST_WAIT;
      for (const worker of workers)
        try {
          waiting = Math.min(waiting, await look(worker, now));
        } catch (error) {
          logger.error(
            { worker: worker.name, err: error },
            'a queue worker cannot be run',
          );
        }
      return waiting;
    },
  });
  return async () => {
    stopping.abort();
    await stop();
    await Promise.all(running);
  };
};
