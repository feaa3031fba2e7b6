import { setTimeout as delay } from 'node:timers/promises';

import type { Logger } from '../logger.ts';

/** Waits; rejects when the signal fires. Tests give a clock of their own. */
export type Wait = (
  milliseconds: number,
  signal: AbortSignal,
) => Promise<unknown>;

const realWait: Wait = (milliseconds, signal) =>
  delay(milliseconds, undefined, { signal });

/** Ends the wait of a loop early: there is something to do. Rung while a round runs, it is followed by another. */
export class Bell {
  #ring = Promise.withResolvers<void>();

  ring(): void {
    this.#ring.resolve();
  }

  /** Resolves when it is rung, or was since it was last muted. */
  get rung(): Promise<void> {
    return this.#ring.promise;
  }

  mute(): void {
    this.#ring = Promise.withResolvers();
  }
}

export interface LoopOptions {
  /** What the loop does, for the log. */
  readonly name: string;
  /** One round. @returns milliseconds until the next; they are kept within the bounds. */
  readonly round: (signal: AbortSignal) => Promise<number>;
  /** Longest wait in milliseconds, also between tries after a failure. */
  readonly longestWait: number;
  readonly logger: Logger;
  /** Ends the loop after the round that runs. */
  readonly signal?: AbortSignal | undefined;
  /** @default a timer */
  readonly wait?: Wait | undefined;
  /** @default none: every wait takes its time */
  readonly bell?: Bell;
}

/** Shortest wait in milliseconds: a timer that fires a little early must not make the loop spin. */
const shortestWait = 1;

/** Waits, or until the bell is rung. */
const waitOrRing = async (
  wait: Wait,
  milliseconds: number,
  signal: AbortSignal,
  bell: Bell | undefined,
): Promise<unknown> => {
  if (!bell) return wait(milliseconds, signal);
  const rung = new AbortController();
  const waiting = wait(milliseconds, AbortSignal.any([signal, rung.signal]));
  await Promise.race([waiting, bell.rung]);
  rung.abort();
  return waiting.catch((error: unknown) => {
    if (!rung.signal.aborted || signal.aborted) throw error;
  });
};

/** Wait after the first failure in milliseconds; doubled with every one that follows. */
const firstRetry = 1_000;

const retryWait = (failures: number, longest: number): number =>
  Math.min(longest, firstRetry * 2 ** Math.min(failures - 1, 10));

/**
 * Does something again and again, one round at a time, until it is stopped. A round that fails is tried
 * again, with growing waits; the log is told of the first failure, the second, the fourth, and so on.
 *
 * @returns stops the loop and waits for the round that runs. Idempotent.
 */
export const startLoop = (options: LoopOptions): (() => Promise<void>) => {
  const { name, round, longestWait, logger, wait = realWait, bell } = options;
  const stopping = new AbortController();
  const signal = options.signal
    ? AbortSignal.any([options.signal, stopping.signal])
    : stopping.signal;
  const run = async (): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      let waiting: number;
      bell?.mute();
      try {
        waiting = await round(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        waiting = retryWait(failures, longestWait);
        if (Number.isInteger(Math.log2(failures)))
          logger.error(
            { err: error, failures, againInMilliseconds: waiting },
            `${name} failed; trying again`,
          );
      }
      const bounded = Math.min(longestWait, Math.max(shortestWait, waiting));
      // Only the end of the loop rejects a wait.
      await waitOrRing(wait, bounded, signal, bell).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  };
  const ended = run();
  return async () => {
    stopping.abort();
    await ended;
  };
};
