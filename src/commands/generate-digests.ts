import { Command, InvalidArgumentError } from 'commander';

import createOrGetConnection, { closeConnection } from '../db.ts';
import { createLogger } from '../logger.ts';
import { checkSchema } from '../schema/check.ts';
import { generateDigests } from '../digest/generate.ts';

interface Options {
  readonly at?: Date;
  readonly graceHours: number;
  readonly dryRun?: true;
  readonly json?: true;
}

const moment = (value: string): Date => {
  const at = new Date(value);
  if (/^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(value) && !isNaN(+at))
    return at;
  throw new InvalidArgumentError(
    `expected a moment with its zone, such as 2026-11-23T07:00:00Z, got: ${value}`,
  );
};

const hours = (value: string): number => {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0 && number <= 23) return number;
  throw new InvalidArgumentError(`expected 0 to 23 hours, got: ${value}`);
};

const run = async (options: Options): Promise<void> => {
  const { json = false, dryRun = false } = options;
  const logger = createLogger('generate-digests');
  try {
    const con = await createOrGetConnection();
    await checkSchema(con);
    const generated = await generateDigests(con, logger, {
      ...options,
      dryRun,
      onProgress: ({ subscriptions, planned }) => {
        if (process.stderr.isTTY)
          process.stderr.write(
            `\r${subscriptions} subscriptions looked at, ${planned} due`,
          );
      },
    });
    if (process.stderr.isTTY) process.stderr.write('\n');
    if (json) console.log(JSON.stringify({ ...generated, dryRun }));
    else
      console.log(
        `${generated.planned} digests ${dryRun ? 'would be' : 'were'} planned for ${generated.subscriptions} subscriptions`,
      );
    if (generated.unknownTimezones > 0)
      console.error(
        `${generated.unknownTimezones} people have a time zone that Postgres does not know and get no digest; see: select id, timezone from "user" where timezone not in (select name from pg_timezone_names)`,
      );
  } finally {
    await closeConnection();
  }
};

/** `nightshift generate-digests`: plans the digests that are due. */
export const generateDigestsCommand = (): Command =>
  new Command('generate-digests')
    .description('plan the digests that are due now, each once')
    .option('--at <moment>', 'for which moment (default: now)', moment)
    .option(
      '--grace-hours <hours>',
      'hours after the preferred one in which a missed digest is made up for',
      hours,
      3,
    )
    .option('--dry-run', 'only count')
    .option('--json', 'print the counts as JSON')
    .addHelpText(
      'after',
      `
A digest is due in the hour its person prefers, in the person's own time zone: daily, on workdays, or
weekly on Mondays. Each is planned once a period, however often this runs: run it every hour.

Examples:
  nightshift generate-digests --dry-run
  nightshift generate-digests --at 2026-11-23T07:00:00Z --json`,
    )
    .action(run);
