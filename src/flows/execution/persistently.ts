import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds between two tries, and how long it is tried in all. */
const pause = 250;
const patience = 30_000;

/** Data exceptions, broken constraints and exceeded limits: what was refused once is refused again. */
const refusal = /^(2[123]|42|54)/;

const isRefusal = (error: unknown): boolean => {
  const { code, driverError } = (error ?? {}) as {
    readonly code?: unknown;
    readonly driverError?: { readonly code?: unknown };
  };
  const sqlState = code ?? driverError?.code;
  return typeof sqlState === 'string' && refusal.test(sqlState);
};

/**
 * Does something that may be done twice, and again while the database is away: that is no failure of the step, of
 * whose attempts none is to be used up.
 *
 * @param signal ends that
 * @throws the last error
 */
export const persistently = async <Result>(
  work: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> => {
  const since = performance.now();
  for (;;)
    try {
      return await work();
    } catch (error) {
      if (
        signal.aborted ||
        isRefusal(error) ||
        performance.now() - since > patience
      )
        throw error;
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
};
