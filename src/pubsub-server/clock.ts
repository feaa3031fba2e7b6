/** A handle of {@link Clock.setTimeout}, opaque to its holder. */
export type TimerHandle = unknown;

/**
 * Time as the server sees it: leases, backoff, publish times and waiting pulls go by it alone,
 * so that a test which owns the clock owns every deadline.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  setTimeout(callback: () => void, milliseconds: number): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (handle) => {
    clearTimeout(handle as NodeJS.Timeout);
  },
};
