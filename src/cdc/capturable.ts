import { describeTable } from './catalog.ts';
import { envelopeColumns } from './envelope/columns.ts';
import { CaptureError } from './errors.ts';
import { readPublishedTables } from './published-tables.ts';
import type { RunQuery } from './slot.ts';
import { outboxTable, publicationName } from './tables.ts';

/** A captured table whose rows cannot be told apart. */
export class PrimaryKeyMissingError extends CaptureError {
  override readonly name = 'PrimaryKeyMissingError';

  constructor(readonly table: string) {
    super(
      `expected captured table ${table} to have a primary key, but it has none: all of its rows would share one ` +
        'ordering key. Add one, or leave the table out of the publication',
    );
  }
}

/**
 * Proves that everything the publication contains can be captured: every table has a primary key,
 * every column a type whose envelopes are recorded from Debezium. Without a publication nothing is
 * captured.
 *
 * @throws PrimaryKeyMissingError, UnsupportedTypeError
 */
export const requireCapturable = async (
  run: RunQuery,
  publication = publicationName,
): Promise<void> => {
  for (const relation of await readPublishedTables(run, publication)) {
    if (relation.table === outboxTable) continue;
    const described = await describeTable(run, relation);
    if (described.primaryKey.length === 0)
      throw new PrimaryKeyMissingError(relation.table);
    envelopeColumns(relation, described);
  }
};
