import { type Lsn, parseLsn } from './protocol/lsn.ts';
import { type RunQuery, readSlot } from './slot.ts';

/** Where Debezium keeps how far it was: `offset.storage.jdbc` makes this table. */
export const debeziumOffsetsTable = 'public.debezium_offset_storage';

/** How far Debezium Server says it was, and what the log says of that. */
export interface DebeziumOffset {
  /** Where it would go on. */
  readonly lsn: Lsn;
  /** Up to where the slot is confirmed, by whomever. */
  readonly confirmed: Lsn;
  /** The end of the log. */
  readonly end: Lsn;
}

const tableQuery = 'select to_regclass($1) is not null as exists';

/** Whether Debezium Server has ever kept offsets in this database. */
export const hasOffsets = async (run: RunQuery): Promise<boolean> => {
  const [table] = await run<{ exists: boolean }>(tableQuery, [
    debeziumOffsetsTable,
  ]);
  return table?.exists ?? false;
};

/** The position in an offset: what it has done with, or else what it read last. */
const positionIn = (offset: string): Lsn | undefined => {
  const digits =
    /"lsn_proc":(\d{1,20})\b/.exec(offset) ?? /"lsn":(\d{1,20})\b/.exec(offset);
  return digits?.[1] === undefined ? undefined : BigInt(digits[1]);
};

/** Reads the offset that Debezium Server would begin from; `undefined` if it has none, or there is no slot. */
export const readDebeziumOffset = async (
  run: RunQuery,
  slot: string,
): Promise<DebeziumOffset | undefined> => {
  if (!(await hasOffsets(run))) return undefined;
  const [row] = await run<{ offset: string; end: string }>(
    `select offset_val as offset, pg_current_wal_insert_lsn()::text as end from ${debeziumOffsetsTable}
      where offset_val is not null order by record_insert_ts desc, record_insert_seq desc limit 1`,
    [],
  );
  const lsn = row && positionIn(row.offset);
  const state = await readSlot(run, slot);
  if (lsn === undefined || !state?.confirmedLsn) return undefined;
  return {
    lsn,
    confirmed: parseLsn(state.confirmedLsn),
    end: parseLsn(row!.end),
  };
};
