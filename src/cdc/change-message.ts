/** Where a row change comes from. Numbers over 2^53 lose digits in `JSON.parse`: `ts_ns` always does. */
export interface ChangeSource {
  /** The version of Debezium whose envelope this is, whoever made it. */
  readonly version: string;
  readonly connector: string;
  readonly name: string;
  /** When the transaction was committed, in milliseconds. */
  readonly ts_ms: number;
  /** `'false'`, or null when Debezium does not fill in defaults. */
  readonly snapshot: string | null;
  readonly db: string;
  /** JSON: `[last commit's LSN, this change's LSN]`, each as text. */
  readonly sequence: string | null;
  readonly ts_us: number;
  readonly ts_ns: number;
  readonly schema: string;
  readonly table: string;
  readonly txId: number | null;
  /** Not unique: rows of one COPY may share it. */
  readonly lsn: number | null;
  readonly xmin: number | null;
}

/** `c` insert, `u` update, `d` delete, `r` row read by a snapshot, `t` truncate. */
export type ChangeOperation = 'c' | 'u' | 'd' | 'r' | 't';

/** A row change as Debezium describes it. */
export interface ChangePayload<Row> {
  readonly before: Row | null;
  readonly after: Row | null;
  readonly source: ChangeSource;
  readonly transaction: unknown;
  readonly op: ChangeOperation;
  /** When the change was read from the log, in milliseconds. */
  readonly ts_ms: number;
  readonly ts_us: number;
  readonly ts_ns: number;
}

/** Debezium's sign of life. */
export interface HeartbeatPayload {
  readonly ts_ms: number;
}

/**
 * The data of a message on a topic of row changes. `Row` has the columns as they are named in
 * Postgres, and values as Debezium writes them: `timestamptz` as text in UTC, `timestamp` as
 * microseconds, `date` as days since 1970, `numeric` and `bytea` as base64, `jsonb` as JSON text.
 */
export interface ChangeMessage<Row> {
  readonly schema: { readonly name?: string };
  readonly payload: ChangePayload<Row> | HeartbeatPayload;
}

/** Whether the message says nothing about a change: a heartbeat, or a row that a snapshot read. */
export const isSkippable = (message: ChangeMessage<unknown>): boolean =>
  !('op' in message.payload) || message.payload.op === 'r';
