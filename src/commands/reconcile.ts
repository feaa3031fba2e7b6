import { Argument, Command } from 'commander';
import { v7 as uuidv7 } from 'uuid';

import createOrGetConnection, { closeConnection } from '../db.ts';
import {
  type CounterName,
  counters,
} from '../jobs/handlers/reconciliation/counters.ts';
import { reconcileInto } from '../jobs/handlers/reconciliation/reconcile.ts';
import { listDifferences } from '../jobs/handlers/reconciliation/report.ts';
import { checkSchema } from '../schema/check.ts';
import { table } from './table.ts';

/** Differences that are printed; a report keeps more. */
const shown = 20;

interface Options {
  readonly repair?: boolean;
  readonly json?: boolean;
}

const names = Object.keys(counters) as CounterName[];

const run = async (
  given: readonly CounterName[],
  { repair = false, json = false }: Options,
): Promise<void> => {
  try {
    const con = await createOrGetConnection();
    await checkSchema(con);
    for (const counter of given.length > 0 ? given : names) {
      const found = await reconcileInto(uuidv7(), { counter, repair }, { con });
      const differences = await listDifferences(
        con.manager,
        found.reportId,
        shown,
      );
      if (json) {
        console.log(JSON.stringify({ counter, ...found, differences }));
        continue;
      }
      const { checked, differing, repaired } = found;
      console.log(
        `${counter}: ${checked} rows compared, ${differing} differ, ${repaired} set right`,
      );
      if (differences.length > 0)
        console.log(
          table(
            [
              ['row', ({ rowId }) => rowId],
              ['stored', ({ stored }) => stored],
              ['counted', ({ counted }) => counted],
            ],
            differences,
          ),
        );
      if (differing > differences.length)
        console.log(
          `more in reconciliation_difference, report ${found.reportId}`,
        );
      if (differing > repaired) process.exitCode = 1;
    }
  } finally {
    await closeConnection();
  }
};

/** `nightshift reconcile`: compares denormalised counters with their sources. */
export const reconcileCommand = (): Command =>
  new Command('reconcile')
    .description('compare denormalised counters with their sources')
    .addArgument(
      new Argument(
        '[counters...]',
        'which counters; all, if none is named',
      ).choices(names),
    )
    .option('--repair', 'set right what differs')
    .option('--json', 'print one line of JSON for each counter')
    .addHelpText(
      'after',
      `
A schedule does this every night without repairing. Exits with 1 if something differs and was not set right.
Repair counts again under the lock that votes and comments take, so that none beside it is lost.

Examples:
  nightshift reconcile
  nightshift reconcile post-upvotes --repair`,
    )
    .action(run);
