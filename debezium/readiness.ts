import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { requireNoRecovery } from '../src/cdc/recovery/state.ts';
import { requireSlot, type RunQuery } from '../src/cdc/slot.ts';
import { slotName } from '../src/cdc/tables.ts';
import type { DebeziumProcess } from './process.ts';

/** Milliseconds that Debezium may take to begin; a cold start of the JVM takes ten seconds of it. */
const patience = 120_000;

/** Debezium Server ended, or did not begin to stream. */
export class DebeziumStartError extends Error {
  override readonly name = 'DebeziumStartError';

  constructor(
    readonly reason: string,
    readonly output: string,
  ) {
    super(
      `expected Debezium Server to stream changes, but ${reason}. The end of its log:\n${output}`,
    );
  }
}

const offsetsTable = 'public.debezium_offset_storage';

/**
 * Makes Debezium begin where the slot was confirmed last, by whomever: forgets where it was itself,
 * which may be older than what the streamer has published since. Debezium would read over a gap
 * without a word, so the slot has to be whole.
 *
 * @throws SlotMissingError, SlotLostError, SlotMismatchError, RecoveryUnfinishedError
 */
export const forgetOffsets = async (databaseUrl: string): Promise<void> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const query: RunQuery = async <Row>(
    text: string,
    values: readonly unknown[],
  ) => (await client.query(text, [...values])).rows as Row[];
  try {
    await requireNoRecovery(query, slotName);
    await requireSlot(query);
    const [table] = await query<{ exists: boolean }>(
      'select to_regclass($1) is not null as exists',
      [offsetsTable],
    );
    if (table?.exists) await query(`delete from ${offsetsTable}`, []);
  } finally {
    await client.end();
  }
};

/**
 * Resolves when the slot is being read.
 *
 * @throws DebeziumStartError
 */
export const untilStreaming = async (
  databaseUrl: string,
  debezium: DebeziumProcess,
  slot = slotName,
): Promise<void> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  let hasEnded = false;
  void debezium.ended.then(() => (hasEnded = true));
  const deadline = performance.now() + patience;
  try {
    while (!hasEnded && performance.now() < deadline) {
      const { rows } = await client.query(
        'select from pg_replication_slots where slot_name = $1 and active',
        [slot],
      );
      if (rows.length > 0) return;
      await Promise.race([debezium.ended, delay(100)]);
    }
  } finally {
    await client.end();
  }
  throw new DebeziumStartError(
    hasEnded ? 'it ended' : `slot ${slot} is not read`,
    await debezium.lastWords(),
  );
};
