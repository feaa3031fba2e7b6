import { type Item, nodeId } from '../node.ts';
import type { Reader } from '../reader.ts';

interface ChangeRow {
  readonly id: string;
  readonly table_name: string;
  readonly key: string;
  readonly op: 'c' | 'u' | 'd';
  readonly lsn: string | null;
  readonly transaction_id: string | null;
  readonly committed_at: Date;
  readonly decoded_at: Date;
}

const words = { c: 'inserted', u: 'updated', d: 'deleted' } as const;

/** As Postgres writes it: `0/17D8F18`. */
const lsnText = (lsn: string): string => {
  const value = BigInt(lsn);
  return `${(value >> 32n).toString(16)}/${(value & 0xffffffffn).toString(16)}`.toUpperCase();
};

const changeItem = (row: ChangeRow): Item => ({
  node: {
    id: nodeId('row-change', row.id),
    kind: 'row-change',
    key: row.id,
    title: `${row.table_name} ${row.key}`,
    at: row.committed_at,
    state: words[row.op],
    facts: {
      table: row.table_name,
      key: row.key,
      ...(row.lsn !== null && { LSN: lsnText(row.lsn) }),
      ...(row.transaction_id !== null && { transaction: row.transaction_id }),
      'read after commit': `${Math.max(0, row.decoded_at.getTime() - row.committed_at.getTime())} ms`,
    },
  },
  ...(row.transaction_id !== null && {
    transaction: { id: Number(row.transaction_id), at: row.committed_at },
  }),
});

const changesSql = `select id, table_name, key, op, lsn, transaction_id, committed_at, decoded_at from row_change`;

/** Row changes that meet a condition, in the order and up to the limit that it ends with. */
export const changesWhere = async (
  reader: Reader,
  condition: string,
  values: readonly unknown[],
  most?: number,
): Promise<Item[]> =>
  (
    await reader.rows<ChangeRow>(
      `${changesSql} where ${condition}`,
      values,
      most,
    )
  ).map(changeItem);
