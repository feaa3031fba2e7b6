import {
  type CapturedTable,
  capturedTables,
  outboxTable,
} from '../../cdc/tables.ts';
import type { Check, Finding } from '../check.ts';
import { counted } from '../text.ts';

const named: Readonly<Record<string, string>> = {
  d: 'default',
  i: 'using index',
  n: 'nothing',
};

/**
 * Captured tables have REPLICA IDENTITY FULL unless declared otherwise, without which an envelope does not know the row before
 * its change; the outbox has any, without which Postgres refuses to prune it.
 */
export const replicaIdentityCheck: Check = {
  name: 'replica identity',
  needs: ['database'],
  run: async ({ query }) => {
    const declared: readonly CapturedTable[] = capturedTables;
    const captured = declared.map(({ table }) => table);
    const byKey = new Set(
      declared
        .filter(({ replicaIdentity }) => replicaIdentity === 'default')
        .map(({ table }) => table),
    );
    const rows = await query<{
      table: string;
      identity: string;
      usable: boolean;
    }>(
      `select relname as table, relreplident as identity,
              relreplident = 'f'
                or relreplident = 'd' and exists (select from pg_index where indrelid = class.oid and indisprimary)
                or relreplident = 'i' and exists (select from pg_index where indrelid = class.oid and indisreplident)
                as usable
         from pg_class class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname = any($1)
        order by relname`,
      [[...captured, outboxTable]],
    );
    const findings = rows.flatMap(({ table, identity, usable }): Finding[] => {
      if (table === outboxTable)
        return usable
          ? []
          : [
              {
                level: 'broken',
                message: `Table ${table} has no replica identity, so Postgres refuses to delete from it and it cannot be pruned.`,
                remedy: `nightshift sql 'alter table ${table} replica identity default'`,
              },
            ];
      return identity === 'f' || byKey.has(table)
        ? []
        : [
            {
              level: 'broken',
              message: `Captured table ${table} has replica identity ${named[identity] ?? identity}, not full, so its changes lack the row before.`,
              remedy: `nightshift sql 'alter table "${table}" replica identity full'`,
            },
          ];
    });
    if (findings.length > 0) return findings;
    return [
      {
        level: 'ok',
        message: `The ${counted(captured.length, 'captured table')} have replica identity full.`,
      },
    ];
  },
};
