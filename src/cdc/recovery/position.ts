import type { Logger } from '../../logger.ts';
import type { Catalog } from '../catalog.ts';
import { formatLsn, type Lsn, parseLsn } from '../protocol/lsn.ts';
import { regularly } from '../regularly.ts';

/** A moment of the database, and its position in the log then. */
interface Mark {
  /** As Postgres writes it, to the microsecond. */
  readonly at: string;
  readonly lsn: Lsn;
}

export interface PositionOptions {
  readonly catalog: Catalog;
  readonly slot: string;
  /** Everything before it is with the broker. */
  readonly confirmed: () => Lsn;
  /** Milliseconds between two looks. */
  readonly interval: number;
  readonly logger: Logger;
  /** A position was written. */
  readonly onRecorded?: () => void;
}

const markQuery =
  'select clock_timestamp()::text as at, pg_current_wal_insert_lsn()::text as lsn';

const saveQuery = `
  insert into cdc_position (slot, confirmed_lsn, healthy_at) values ($1, $2, $3)
  on conflict (slot) do update
    set confirmed_lsn = excluded.confirmed_lsn, healthy_at = excluded.healthy_at`;

/**
 * Writes down regularly since when nothing is missing on the topics: a moment is looked up together
 * with the position of the log, and counts once that position is confirmed. Should the slot be lost,
 * `nightshift cdc recover` goes on from there.
 *
 * @returns what ends it.
 */
export const recordPositions = ({
  catalog,
  slot,
  confirmed,
  interval,
  logger,
  onRecorded,
}: PositionOptions): (() => Promise<void>) => {
  let mark: Mark | undefined;
  const look = async (): Promise<void> => {
    if (mark !== undefined && confirmed() >= mark.lsn) {
      await catalog.query(saveQuery, [slot, formatLsn(confirmed()), mark.at]);
      mark = undefined;
      onRecorded?.();
    }
    if (mark !== undefined) return;
    const [row] = await catalog.query<{ at: string; lsn: string }>(markQuery);
    if (row) mark = { at: row.at, lsn: parseLsn(row.lsn) };
  };
  return regularly(interval, look, (error) => {
    // The stream itself says what is the matter with the database.
    logger.warn(
      { err: error, slot },
      'the position of change data capture cannot be recorded',
    );
  });
};
