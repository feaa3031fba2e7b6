import { setTimeout as pause } from 'node:timers/promises';

import type { RunQuery } from './slot.ts';

/** A transaction whose changes were read from the log does not become visible to others. */
export class TransactionNotVisibleError extends Error {
  override readonly name = 'TransactionNotVisibleError';

  constructor(
    readonly transactionId: number,
    readonly waitedMilliseconds: number,
  ) {
    super(
      `expected transaction ${transactionId}, whose changes are in the log, to be visible to others within ` +
        `${waitedMilliseconds / 1_000} s, and it is not: probably its commit waits for a synchronous standby. ` +
        'Its changes are read again; look at pg_stat_replication and synchronous_standby_names',
    );
  }
}

// A transaction gives its own lock back once its changes are visible, and not before.
const commitsQuery = `
  select exists (
    select from pg_locks where locktype = 'transactionid' and transactionid = $1::xid and mode = 'ExclusiveLock'
  ) as commits`;

const firstPause = 2;
const longestPause = 250;
const patience = 30_000;

/**
 * Resolves once others see what the transaction did, or when the signal is aborted. A commit is in the log, and so in
 * the replication stream, a moment before that; with synchronous replication it may be a long moment. Who asks the
 * catalog in between is told of a table as it was before a change that the stream has already told of.
 *
 * @throws TransactionNotVisibleError after 30 seconds, the driver's error
 */
export const untilVisible = async (
  run: RunQuery,
  transactionId: number,
  signal: AbortSignal,
): Promise<void> => {
  let waited = 0;
  for (let wait = firstPause; ; wait = Math.min(2 * wait, longestPause)) {
    const [row] = await run<{ commits: boolean }>(commitsQuery, [
      String(transactionId),
    ]);
    if (!row?.commits || signal.aborted) return;
    if (waited >= patience)
      throw new TransactionNotVisibleError(transactionId, waited);
    await pause(wait, undefined, { signal }).catch(() => undefined);
    waited += wait;
  }
};
