import type { DataSource } from 'typeorm';

import type { Logger } from '../logger.ts';
import { prune } from './prune.ts';

/** Milliseconds between two runs. */
const INTERVAL = 10 * 60_000;

/**
 * Prunes now and then while the process runs; a run that fails is told to the log and tried again.
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
  const timer = setInterval(() => {
    running = running.then(run);
  }, INTERVAL);
  return async () => {
    clearInterval(timer);
    stopped.abort();
    await running;
  };
};
