import { Command } from 'commander';

import { config } from '../config.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import { applyRetention } from '../jobs/handlers/retention/apply.ts';
import { checkSchema } from '../schema/check.ts';
import { exportStorage } from '../storage/export-storage.ts';
import { table } from './table.ts';

interface Options {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const run = async ({ dryRun = false, json }: Options): Promise<void> => {
  try {
    const con = await createOrGetConnection();
    await checkSchema(con);
    const days = config().DATA_RETENTION_DAYS;
    const { storage } = await exportStorage();
    const retained = await applyRetention(con, { days, storage, dryRun });
    if (json) console.log(JSON.stringify({ days, retained: retained ?? null }));
    else if (retained) {
      console.log(
        table(
          [
            ['table', ([name]) => name],
            [dryRun ? 'too old' : 'deleted', ([, rows]) => String(rows)],
          ],
          Object.entries(retained.rows),
        ),
      );
      console.log(
        `cutoff: ${retained.cutoff.toISOString()} (${days} days ago)` +
          (dryRun ? '; nothing was deleted' : ''),
      );
    } else console.log('another process deletes right now; nothing to do');
  } finally {
    await closeConnection();
  }
};

/** `nightshift retention`: deletes what is older than DATA_RETENTION_DAYS. */
export const retentionCommand = (): Command =>
  new Command('retention')
    .description('delete what is older than DATA_RETENTION_DAYS')
    .option('--dry-run', 'only count')
    .option('--json', 'print { days, retained } as one line of JSON')
    .addHelpText(
      'after',
      `
A schedule does this every night. It deletes old lines of the audit log, sent messages, notifications,
finished jobs, reports of reconciliations, settled deliveries of webhooks, exports with their files, and dead
letters that are resolved or redriven; never an open dead letter.

Environment: DATABASE_URL, DATA_RETENTION_DAYS (365), EXPORT_BUCKET or NIGHTSHIFT_HOME.

Examples:
  nightshift retention --dry-run
  DATA_RETENTION_DAYS=90 nightshift retention --json`,
    )
    .action(run);
