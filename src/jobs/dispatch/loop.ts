import type { Logger } from '../../logger.ts';

/**
 * Does something again and again, never twice at once. What fails is told to the log, once until it
 * succeeds again, and done again.
 *
 * @param work says in how many milliseconds it wants to be done again.
 * @returns stops it, and waits for what is being done.
 */
export const loop = (
  what: string,
  longest: number,
  logger: Logger,
  work: () => Promise<number>,
): (() => Promise<void>) => {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let isFailing = false;
  let current: Promise<void> = Promise.resolve();
  const turn = async (): Promise<void> => {
    let wait = longest;
    try {
      wait = Math.min(longest, Math.max(1, await work()));
      isFailing = false;
    } catch (error) {
      if (!isFailing)
        logger.warn({ err: error }, `${what} failed; trying again`);
      isFailing = true;
    }
    if (!isStopped) timer = setTimeout(next, wait);
  };
  const next = (): void => {
    current = turn();
  };
  next();
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    await current;
    clearTimeout(timer);
  };
};
