import { v5 as uuidv5 } from 'uuid';

import type { ChangePayload, ChangeSource } from './change-message.ts';

/** Namespace of the ids of row changes. Another one would make every redelivered change a new one. */
const namespace = '0f2d3c9e-6c1b-5b8e-8a47-3d5e1c7b9a60';

/**
 * The id of a row change: the UUIDv5 of its source, transaction, LSN, table, key and operation.
 * The streamer and Debezium give a change the same id, whenever it is sent again.
 *
 * @param key the message's ordering key.
 * @throws TypeError if the LSN or transaction id is not a safe integer: the message was not parsed exactly.
 */
export const rowChangeId = (
  {
    source,
    op,
  }: Pick<ChangePayload<unknown>, 'op'> & {
    readonly source: Pick<
      ChangeSource,
      'name' | 'txId' | 'lsn' | 'schema' | 'table'
    >;
  },
  key: string,
): string => {
  const { name, txId, lsn, schema, table } = source;
  for (const [field, value] of Object.entries({ txId, lsn }))
    if (value !== null && !Number.isSafeInteger(value))
      throw new TypeError(
        `expected source.${field} to be a safe integer or null, got: ${String(value)}`,
      );
  return uuidv5(
    JSON.stringify([name, txId, lsn, schema, table, key, op]),
    namespace,
  );
};
