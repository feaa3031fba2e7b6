import type { Catalog } from './catalog.ts';
import {
  type ChangeWriter,
  createChangeWriter,
} from './envelope/change-writer.ts';
import { createOutboxReader } from './outbox.ts';
import type { Relation } from './pgoutput/decode.ts';
import { type CapturedTable, outboxTable } from './tables.ts';

/**
 * Says what a table's changes become: envelopes on the table's topic, the events of the outbox
 * (whose rows are only inserted; pruning says nothing), or nothing for a table that is not declared.
 *
 * @throws UnsupportedTypeError, OutboxColumnError
 */
export const routeRelation = async (
  relation: Relation,
  tables: readonly CapturedTable[],
  catalog: Catalog,
  database: string,
): Promise<ChangeWriter> => {
  if (relation.schema !== 'public') return () => [];
  if (relation.table === outboxTable) {
    const read = createOutboxReader(relation);
    return (change) => (change.kind === 'insert' ? [read(change.after)] : []);
  }
  const declared = tables.find(({ table }) => table === relation.table);
  if (!declared) return () => [];
  const described = await catalog.describe(relation);
  return createChangeWriter(relation, described, declared.topic, database);
};
