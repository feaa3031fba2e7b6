import type { ChangePayload } from '../cdc/change-message.ts';
import type { RowChangeFacts } from './record.ts';

/** What ByLogicalTableRouter adds to a key. */
const addition = '__dbz__physicalTableIdentifier';

const keyText = (orderingKey: string): string => {
  const fields = JSON.parse(orderingKey) as Record<string, unknown>;
  return Object.entries(fields)
    .filter(([name]) => name !== addition)
    .map(([, value]) =>
      typeof value === 'string' ? value : JSON.stringify(value),
    )
    .join(',');
};

/**
 * What is recorded of a row change; `undefined` if no row changed, or of a table without a primary key.
 *
 * @param orderingKey of its message: the primary key as JSON.
 */
export const rowChangeFacts = (
  { op, source, ts_ms }: ChangePayload<unknown>,
  orderingKey: string,
): RowChangeFacts | undefined => {
  if (op === 'r' || op === 't' || !orderingKey.startsWith('{'))
    return undefined;
  return {
    table: source.table,
    key: keyText(orderingKey),
    op,
    lsn: source.lsn,
    transactionId: source.txId,
    committedAt: source.ts_ms,
    decodedAt: ts_ms,
  };
};
