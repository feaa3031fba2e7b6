import { setTimeout as delay } from 'node:timers/promises';

/** Looks again and again until something is true. @throws when it is not within so many seconds. */
export const until = async (
  what: string,
  seconds: number,
  condition: () => Promise<boolean> | boolean,
): Promise<void> => {
  const end = performance.now() + seconds * 1_000;
  while (!(await condition())) {
    if (performance.now() > end)
      throw new Error(`expected ${what} within ${seconds} s`);
    await delay(100);
  }
};
