import type { Logger } from './logger.ts';

/**
 * Waits for work, but no longer than so many milliseconds; the work itself goes on.
 *
 * @returns whether it ended in time; rejects as the work does, if that is in time.
 */
export const within = async (
  milliseconds: number,
  work: Promise<unknown>,
): Promise<boolean> => {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), milliseconds);
  try {
    return await Promise.race([work.then(() => true as const), late.promise]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Waits until what a process opened is closed, but no longer than so many milliseconds: a server that takes
 * connections and answers nothing would keep the process for ever. What is not closed by then, or fails, is told to
 * the log and left; the process ends all the same. Never rejects.
 *
 * @param parts by their names, closing already
 */
export const closed = async (
  logger: Logger,
  milliseconds: number,
  parts: Readonly<Record<string, Promise<unknown> | undefined>>,
): Promise<void> => {
  await Promise.all(
    Object.entries(parts).map(async ([part, closing]) => {
      try {
        if (closing && !(await within(milliseconds, closing)))
          logger.warn(
            { part, milliseconds },
            'a part of the process could not be closed in time; it is left as it is',
          );
      } catch (error) {
        logger.error(
          { err: error, part },
          'a part of the process could not be closed',
        );
      }
    }),
  );
};
