import { createOutboxReader } from './outbox.ts';
import type { Catalog } from './catalog.ts';
import { envelopeColumns } from './envelope/columns.ts';
import { PublicationMissingError, TableNotPublishedError } from './errors.ts';
import { readPublishedTables } from './published-tables.ts';
import { requireNoRecovery } from './recovery/state.ts';
import { requireSlot, type RunQuery } from './slot.ts';
import { type CapturedTable, outboxTable } from './tables.ts';

const publicationQuery = `select 1 as found from pg_publication where pubname = $1`;

/**
 * Proves before the first change that all of them can be captured: the slot is ours and whole,
 * every declared table is published, and every column has a type that envelopes know.
 *
 * @throws RecoveryUnfinishedError, SlotMissingError, SlotLostError, SlotMismatchError,
 *   PublicationMissingError, TableNotPublishedError, UnsupportedTypeError, OutboxColumnError
 */
export const checkCapture = async (
  catalog: Catalog,
  options: {
    readonly slot: string;
    readonly publication: string;
    readonly tables: readonly CapturedTable[];
  },
): Promise<{ readonly database: string }> => {
  const { slot, publication, tables } = options;
  const run: RunQuery = (text, values) => catalog.query(text, values);
  await requireNoRecovery(run, slot);
  const { currentDatabase } = await requireSlot(run, slot);
  const found = await catalog.query(publicationQuery, [publication]);
  if (found.length === 0) throw new PublicationMissingError(publication);
  const published = new Map(
    (await readPublishedTables(run, publication)).map((relation) => [
      relation.table,
      relation,
    ]),
  );
  for (const table of [...tables.map((each) => each.table), outboxTable]) {
    const relation = published.get(table);
    if (!relation) throw new TableNotPublishedError(publication, table);
    if (table === outboxTable) createOutboxReader(relation);
    else envelopeColumns(relation, await catalog.describe(relation));
  }
  return { database: currentDatabase };
};
