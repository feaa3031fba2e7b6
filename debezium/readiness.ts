import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { runOn } from '../src/cdc/slot.ts';
import { slotName } from '../src/cdc/tables.ts';
import { handOverSlot } from '../src/cdc/take-over.ts';
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

/**
 * Makes Debezium begin where the slot was confirmed last, by whomever, once nobody reads it.
 *
 * @throws what `handOverSlot` throws.
 */
export const handOver = async (databaseUrl: string): Promise<void> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await handOverSlot(runOn(client), { waitSeconds: 30 });
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
