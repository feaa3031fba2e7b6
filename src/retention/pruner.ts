import type { DataSource } from 'typeorm';

import type { Logger } from '../logger.ts';
import { foldTally } from '../dead-letters/tally.ts';
import { prune } from './prune.ts';

/** Milliseconds between two runs. */
const INTERVAL = 10 * 60_000;

/** Milliseconds between two times that the tally of the desk is folded. */
const FOLD_INTERVAL = 30_000;

/**
 * Prunes, and folds the tally of the desk, now and then while the process runs; a run that fails is told to the log and tried again.
 *
 * @returns stops it and waits for the statement that runs.
 */
export const startPruning = (
  con: DataSource,
  logger: Logger,
): (() => Promise<void>) => {
  const stopped = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const run = async (): Promise<void> => {
    try {
      const pruned = await prune(con, { signal: stopped.signal });
      for (const { table, rows, skipped } of pruned ?? [])
        if (rows > 0 || skipped !== undefined)
          logger.info({ table, rows, skipped }, 'pruned');
    } catch (error) {
      logger.warn({ err: error }, 'could not prune; trying again later');
    }
  };
  const fold = async (): Promise<void> => {
    try {
      await foldTally(con.manager);
    } catch (error) {
      logger.warn(
        { err: error },
        'could not fold the tally of the desk; trying again later',
      );
    }
  };
  const timers = [
    setInterval(() => {
      running = running.then(run);
    }, INTERVAL),
    setInterval(() => {
      running = running.then(fold);
    }, FOLD_INTERVAL),
  ];
  return async () => {
    for (const timer of timers) clearInterval(timer);
    stopped.abort();
    await running;
  };
};
