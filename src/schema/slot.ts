import pg from 'pg';

import { hadSlot } from '../cdc/recovery/state.ts';
import { ensureSlot } from '../cdc/slot.ts';

/** Making a slot waits for every transaction that is under way. */
const timeoutSeconds = 120;

const queryCanceled = '57014';

/** The replication slot could not be made, because a transaction runs for long. */
export class SlotTimeoutError extends Error {
  override readonly name = 'SlotTimeoutError';

  constructor(
    readonly slot: string,
    options: ErrorOptions,
  ) {
    super(
      `expected to make replication slot ${slot} within ${timeoutSeconds} s, but a transaction has been running ` +
        'for longer; end it, then migrate again. Find it with: nightshift sql ' +
        '"select pid, xact_start, application_name, left(query, 60) from pg_stat_activity where backend_xid is not null order by xact_start"',
      options,
    );
  }
}

/**
 * Makes the replication slot in the database of a URL unless it is there.
 *
 * @returns whether it was made.
 * @throws SlotTimeoutError, and what `ensureSlot` throws.
 */
export const ensureSlotAt = async (
  url: string,
  slot: string,
): Promise<boolean> => {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'nightshift migrate',
    statement_timeout: timeoutSeconds * 1000,
  });
  await client.connect();
  try {
    return await ensureSlot(client, slot, (run) => hadSlot(run, slot));
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === queryCanceled)
      throw new SlotTimeoutError(slot, { cause: error });
    throw error;
  } finally {
    await client.end();
  }
};
