import { RecoveryUnfinishedError } from '../errors.ts';
import type { RunQuery } from '../slot.ts';

/** What is known of a slot besides the slot itself. */
export interface RecoveryState {
  /** Everything committed by then is published; undefined if nobody ever recorded it. */
  readonly healthyAt: Date | undefined;
  /** A recovery was begun and has not ended. */
  readonly unfinished: boolean;
  /** From when on the unfinished one publishes again; undefined for everything. */
  readonly unfinishedSince: Date | undefined;
}

const stateQuery = `
  select (select healthy_at from cdc_position where slot = $1) as "healthyAt",
    unfinished.slot is not null as unfinished, unfinished.since as "unfinishedSince"
  from (select 1) one
  left join cdc_recovery unfinished on unfinished.slot = $1 and unfinished.finished_at is null`;

interface StateRow {
  readonly healthyAt: Date | null;
  readonly unfinished: boolean;
  readonly unfinishedSince: Date | null;
}

/** Reads what was recorded of a slot. */
export const readRecoveryState = async (
  run: RunQuery,
  slot: string,
): Promise<RecoveryState> => {
  const [row] = await run<StateRow>(stateQuery, [slot]);
  return {
    healthyAt: row?.healthyAt ?? undefined,
    unfinished: row?.unfinished ?? false,
    unfinishedSince: row?.unfinishedSince ?? undefined,
  };
};

/**
 * Nobody streams over a gap that is being filled.
 *
 * @throws RecoveryUnfinishedError
 */
export const requireNoRecovery = async (
  run: RunQuery,
  slot: string,
): Promise<void> => {
  const { unfinished } = await readRecoveryState(run, slot);
  if (unfinished) throw new RecoveryUnfinishedError(slot);
};

/** Whether changes of this database were captured by the slot before, or its recovery was begun. */
export const hadSlot = async (
  run: RunQuery,
  slot: string,
): Promise<boolean> => {
  const [row] = await run<{ had: boolean }>(
    `select exists (select from cdc_position where slot = $1)
         or exists (select from cdc_recovery where slot = $1) as had`,
    [slot],
  );
  return row?.had ?? false;
};
