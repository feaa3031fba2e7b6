import { sourceName } from '../tables.ts';
import type { ChangePosition } from '../transaction.ts';

/** The version of Debezium whose envelopes these equal; the recorded ones come from it. */
export const debeziumVersion = '3.6.3.Final';

/** The source of a change, as JSON. */
export const sourceJson = (
  database: string,
  schema: string,
  table: string,
  { lsn, transaction }: ChangePosition,
): string => {
  const { transactionId, commitMicroseconds, lastCommitLsn, origin } =
    transaction;
  const sequence = JSON.stringify([
    lastCommitLsn === undefined ? null : String(lastCommitLsn),
    String(lsn),
  ]);
  return (
    `{"version":"${debeziumVersion}","connector":"postgresql","name":"${sourceName}",` +
    `"ts_ms":${commitMicroseconds / 1_000n},"snapshot":null,"db":${JSON.stringify(database)},` +
    `"sequence":${JSON.stringify(sequence)},"ts_us":${commitMicroseconds},"ts_ns":${commitMicroseconds * 1_000n},` +
    `"schema":${JSON.stringify(schema)},"table":${JSON.stringify(table)},` +
    `"txId":${transactionId},"lsn":${lsn},"xmin":null,` +
    `"origin":${origin ? JSON.stringify(origin.name) : 'null'},"origin_lsn":${origin ? origin.lsn : 'null'}}`
  );
};
