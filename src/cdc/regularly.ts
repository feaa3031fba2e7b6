/**
 * Does something again and again, never twice at once. Of failures in a row the first is told.
 *
 * @param interval milliseconds
 * @returns what ends it, once what is under way has ended.
 */
export const regularly = (
  interval: number,
  look: () => Promise<void>,
  onFailed: (error: unknown) => void,
): (() => Promise<void>) => {
  let failed = false;
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look()
      .then(
        () => {
          failed = false;
        },
        (error: unknown) => {
          if (!failed) onFailed(error);
          failed = true;
        },
      )
      .finally(() => {
        looking = undefined;
      });
  }, interval);
  return async () => {
    clearInterval(timer);
    await looking;
  };
};
