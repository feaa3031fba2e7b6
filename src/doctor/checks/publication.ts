import {
  capturedTables,
  outboxTable,
  publicationName,
} from '../../cdc/tables.ts';
import type { Check } from '../check.ts';
import { counted } from '../text.ts';

/** The publication holds exactly the captured tables and the outbox. */
export const publicationCheck: Check = {
  name: 'publication',
  needs: ['database'],
  run: async ({ query }) => {
    const rows = await query<{ table: string | null }>(
      `select tables.tablename as table
         from pg_publication publication
         left join pg_publication_tables tables on tables.pubname = publication.pubname
        where publication.pubname = $1`,
      [publicationName],
    );
    if (rows.length === 0)
      return [
        {
          level: 'broken',
          message: `Publication ${publicationName} is missing, so no change leaves the database.`,
          remedy: 'nightshift migrate',
        },
      ];
    const live = new Set(rows.map(({ table }) => table));
    const declared = [...capturedTables.map(({ table }) => table), outboxTable];
    const missing = declared.filter((table) => !live.has(table));
    const extra = [...live].filter(
      (table) => table !== null && !declared.includes(table as never),
    );
    if (missing.length === 0 && extra.length === 0)
      return [
        {
          level: 'ok',
          message: `Publication ${publicationName} holds the ${counted(declared.length, 'captured table')}.`,
        },
      ];
    return [
      {
        level: 'broken',
        message:
          `Publication ${publicationName} differs from src/cdc/tables.ts: ` +
          `missing ${missing.join(', ') || 'nothing'}, too many ${extra.join(', ') || 'none'}.`,
        remedy:
          'write a migration that alters the publication, then: nightshift migrate',
      },
    ];
  },
};
