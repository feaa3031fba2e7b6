import { Command, Option } from 'commander';

import { slotName } from '../cdc/tables.ts';
import { config } from '../config.ts';
import { databaseName } from '../schema/create-database.ts';
import { migrate, readMigrationStatus } from '../schema/migrate.ts';

interface Options {
  readonly createDatabase?: true;
  readonly json?: true;
  /** `false` with --no-slot. */
  readonly slot: boolean;
  readonly status?: true;
}

const showStatus = async (url: string, json: boolean): Promise<void> => {
  const status = await readMigrationStatus(url);
  if (json) console.log(JSON.stringify(status));
  else {
    for (const name of status.applied) console.log(`applied  ${name}`);
    for (const name of status.pending) console.log(`pending  ${name}`);
    for (const name of status.unknown)
      console.log(`newer    ${name} (not of this version)`);
  }
  if (status.pending.length > 0) process.exitCode = 1;
};

const run = async (options: Options): Promise<void> => {
  const { DATABASE_URL: url } = config();
  if (options.status) return showStatus(url, options.json === true);
  const report = await migrate({
    url,
    createDatabase: options.createDatabase === true,
    ...(!options.slot && { slot: false }),
  });
  if (options.json) {
    console.log(JSON.stringify(report));
    return;
  }
  if (report.databaseCreated)
    console.log(`created database ${databaseName(url)}`);
  for (const name of report.applied) console.log(`applied ${name}`);
  if (report.applied.length === 0) console.log('the schema is current');
  if (report.slotCreated) console.log(`created replication slot ${slotName}`);
};

/** `nightshift migrate`: brings the database up to this version. */
export const migrateCommand = (): Command =>
  new Command('migrate')
    .description(
      'apply the pending migrations and make the replication slot if it is missing',
    )
    .option(
      '--no-slot',
      'make no replication slot: nothing captures the changes of this database',
    )
    .option('--create-database', 'create the database first if it is missing')
    .addOption(
      new Option(
        '--status',
        'list migrations and change nothing; exit with 1 if any is pending',
      ).conflicts('createDatabase'),
    )
    .option('--json', 'print the result as one line of JSON')
    .addHelpText(
      'after',
      `
Run it once before each release; processes only check the schema at start. Two at once are safe:
the second waits for the first. Each migration is a transaction of its own. A replication slot keeps
WAL until change data capture has read it; one that is lost is reported, never made anew.

Environment: DATABASE_URL, of a role that may create tables and replication slots.

Examples:
  nightshift migrate --create-database
  nightshift migrate --status`,
    )
    .action(run);
