import { setTimeout as delay } from 'node:timers/promises';

import { PermanentError } from '../../dead-letters/permanent-error.ts';
import { TaskLostError } from '../errors.ts';

/**
 * Milliseconds between two tries, and how long it is tried in all. A single connection that broke is replaced at once;
 * a database that is away is asked less and less often.
 */
const shortestPause = 20;
const longestPause = 500;
const patience = 30_000;

/**
 * Data exceptions, broken constraints and exceeded limits: what was refused once is refused again. Not so a prepared
 * statement that another session behind the same pooler has prepared (42P05).
 */
const refusal = /^(2[123]|42(?!P05)|54)/;

const isRefusal = (error: unknown): boolean => {
  // What we say ourselves is no word of the database.
  if (error instanceof PermanentError || error instanceof TaskLostError)
    return true;
  const { code, driverError } = (error ?? {}) as {
    readonly code?: unknown;
    readonly driverError?: { readonly code?: unknown };
  };
  const sqlState = code ?? driverError?.code;
  return typeof sqlState === 'string' && refusal.test(sqlState);
};

/**
 * Does something that may be done twice, and again while the database is away: that is no failure of the step, of
 * whose attempts none is to be used up. Nothing of it is anybody else's code, whose errors are failures of the step.
 *
 * @param signal ends that
 * @throws the last error
 */
export const persistently = async <Result>(
  work: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> => {
  const since = performance.now();
  for (let pause = shortestPause; ; pause = Math.min(2 * pause, longestPause))
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
