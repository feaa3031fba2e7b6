import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds between two looks, so that who waits does not take the processor from what is waited for. */
const pause = 5;

/**
 * Looks until it is so: for what gives no signal, such as what another process or Postgres does.
 *
 * @param seconds an end to a test that hangs, far beyond what a busy machine needs
 * @throws Error that names what never became so
 */
export const until = async (
  isSo: () => boolean | Promise<boolean>,
  seconds = 60,
): Promise<void> => {
  const end = performance.now() + seconds * 1_000;
  while (!(await isSo())) {
    if (performance.now() > end)
      throw new Error(`expected within ${seconds} s: ${isSo.toString()}`);
    await delay(pause);
  }
};
