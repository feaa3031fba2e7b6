import { setTimeout as delay } from 'node:timers/promises';

import { debeziumOffsetsTable, hasOffsets } from './debezium-offsets.ts';
import { requireNoRecovery } from './recovery/state.ts';
import { requireSlot, type RunQuery, type SlotState } from './slot.ts';
import { slotName } from './tables.ts';

/** Somebody still reads the slot. */
export class SlotHeldError extends Error {
  override readonly name = 'SlotHeldError';

  constructor(
    readonly slot: string,
    readonly pid: number | null,
    readonly seconds: number,
  ) {
    super(
      `expected whoever reads replication slot ${slot} to let go of it within ${seconds} s, but process ${pid ?? 'unknown'} ` +
        'of Postgres holds it; stop the streamer or Debezium Server that reads it, then run this again',
    );
  }
}

/** How often the slot is looked at, in milliseconds. */
const look = 100;

export interface TakeOverOptions {
  /** @default 'nightshift_cdc' */
  readonly slot?: string;
  /** Longest wait until nobody reads the slot, in seconds. */
  readonly waitSeconds: number;
  readonly signal?: AbortSignal;
}

/**
 * Makes the slot ready for whoever reads it next, be it the streamer or Debezium Server: waits until nobody
 * reads it, and empties Debezium's offsets. The slot itself knows what was published last, by whomever;
 * Debezium, which trusts its offsets, would pass over what the streamer had left to do, or come to a halt.
 *
 * @returns the slot as it is left.
 * @throws SlotHeldError; SlotMissingError, SlotLostError, SlotMismatchError and RecoveryUnfinishedError, because
 * Debezium would read over a gap without a word.
 */
export const handOverSlot = async (
  query: RunQuery,
  { slot = slotName, waitSeconds, signal }: TakeOverOptions,
): Promise<SlotState> => {
  const end = performance.now() + waitSeconds * 1_000;
  for (;;) {
    await requireNoRecovery(query, slot);
    const state = await requireSlot(query, slot);
    if (!state.active) break;
    if (performance.now() >= end)
      throw new SlotHeldError(slot, state.activePid, waitSeconds);
    await delay(look, undefined, signal && { signal });
  }
  if (await hasOffsets(query))
    await query(`delete from ${debeziumOffsetsTable}`, []);
  return requireSlot(query, slot);
};
