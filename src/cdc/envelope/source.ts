import { sourceName } from '../tables.ts';
import type { ChangePosition, TransactionContext } from '../transaction.ts';

/** The version of Debezium whose envelopes these equal; the recorded ones come from it. */
export const debeziumVersion = '3.6.3.Final';

/** The parts of a source that are the same for all changes of a table in one transaction. */
const partsOf = (
  database: string,
  schema: string,
  table: string,
  transaction: TransactionContext,
) => {
  const { transactionId, commitMicroseconds, lastCommitLsn, origin } =
    transaction;
  const last =
    lastCommitLsn === undefined ? 'null' : `\\"${String(lastCommitLsn)}\\"`;
  return {
    beforeSequence:
      `{"version":"${debeziumVersion}","connector":"postgresql","name":"${sourceName}",` +
      `"ts_ms":${commitMicroseconds / 1_000n},"snapshot":null,"db":${JSON.stringify(database)},` +
      `"sequence":"[${last},\\"`,
    beforeLsn:
      `\\"]","ts_us":${commitMicroseconds},"ts_ns":${commitMicroseconds * 1_000n},` +
      `"schema":${JSON.stringify(schema)},"table":${JSON.stringify(table)},"txId":${transactionId},"lsn":`,
    afterLsn: `,"xmin":null,"origin":${origin ? JSON.stringify(origin.name) : 'null'},"origin_lsn":${origin ? origin.lsn : 'null'}}`,
  };
};

/** Writes the sources of the changes of one table, as JSON. */
export const sourceWriter = (
  database: string,
  schema: string,
  table: string,
): ((position: ChangePosition) => string) => {
  let known: TransactionContext | undefined;
  let parts: ReturnType<typeof partsOf>;
  return ({ lsn, transaction }) => {
    if (transaction !== known) {
      known = transaction;
      parts = partsOf(database, schema, table, transaction);
    }
    const position = String(lsn);
    return (
      parts.beforeSequence +
      position +
      parts.beforeLsn +
      position +
      parts.afterLsn
    );
  };
};
