import { Command } from 'commander';

import createOrGetConnection, { closeConnection } from '../db.ts';
import { type Pruned, prune } from '../retention/prune.ts';
import { checkSchema } from '../schema/check.ts';

interface Options {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const line = ({ table, rows, skipped }: Pruned, dryRun: boolean): string =>
  skipped === undefined
    ? `${table.padEnd(18)}${rows} rows ${dryRun ? 'are too old' : 'deleted'}`
    : `${table.padEnd(18)}nothing deleted: ${skipped}`;

const run = async ({ dryRun = false, json }: Options): Promise<void> => {
  try {
    const con = await createOrGetConnection();
    await checkSchema(con);
    const pruned = await prune(con, { dryRun });
    if (json) console.log(JSON.stringify({ dryRun, tables: pruned ?? null }));
    else if (pruned)
      for (const table of pruned) console.log(line(table, dryRun));
    else console.log('another process prunes right now; nothing to do');
  } finally {
    await closeConnection();
  }
};

/** `nightshift prune`: deletes old rows of outbox, inbox and delivery failures. */
export const pruneCommand = (): Command =>
  new Command('prune')
    .description('delete what is too old of outbox, inbox, delivery failures')
    .option('--dry-run', 'only count')
    .option('--json', 'print the counts as JSON')
    .addHelpText(
      'after',
      `
Background processes do this every ten minutes. Events stay in the outbox for 7 days after they were
published, and for as long as nobody reads the replication slot; the inbox stays longer than any message
may come again.

Examples:
  nightshift prune --dry-run`,
    )
    .action(run);
