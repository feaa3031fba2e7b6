import type { ServedWorker } from './served-worker.ts';

/** Messages that the client may hold for each handler that may run. */
const HELD_PER_SLOT = 5;

/**
 * Messages that may wait for a slot, or for the answer to their ack: as many as pass in 30 ms at 30,000 a
 * second. With more, those of a worker with many slots outlive the collector's young generation.
 */
const MOST_WAITING = 1_000;

const MINUTE = 60_000;

/** What bounds a subscription in the host; times in milliseconds. */
export interface Limits {
  /** Messages the client holds at once, running ones included. */
  readonly held: number;
  /** Longest wait for a turn; who waited longer is nacked unrun. */
  readonly queueWait: number;
  /** How long the client extends a lease: the wait and the handling. */
  readonly lease: number;
  /** Given-up handlers still running above which the subscription pauses. */
  readonly abandoned: number;
  readonly backoffMinimum: number;
  readonly backoffMaximum: number;
}

/**
 * With every slot taken for its whole timeout, the last held message waits one timeout for each
 * held round. A key of an ordered subscription may be held by retries, so there it is an hour.
 */
export const limitsOf = (worker: ServedWorker): Limits => {
  const timeout = worker.timeoutSeconds * 1_000;
  const wait = HELD_PER_SLOT * timeout;
  const queueWait = worker.ordered ? Math.max(wait, 60 * MINUTE) : wait;
  const { minimumSeconds, maximumSeconds } = worker.retryBackoff ?? {
    minimumSeconds: 1,
    maximumSeconds: 600,
  };
  return {
    held:
      worker.maxMessages +
      Math.min(MOST_WAITING, worker.maxMessages * (HELD_PER_SLOT - 1)),
    queueWait,
    lease: queueWait + timeout,
    abandoned: 2 * worker.maxMessages,
    backoffMinimum: minimumSeconds * 1_000,
    backoffMaximum: maximumSeconds * 1_000,
  };
};
