import { Command, InvalidArgumentError, Option } from 'commander';

import { config } from '../config.ts';
import { createDataSource } from '../data-source.ts';
import { checkSchema } from '../schema/check.ts';
import { seed } from '../seed/seed.ts';

interface Options {
  readonly users: number;
  readonly posts: number;
  readonly force?: true;
  readonly json?: true;
}

/** Sample data have no place in production. Give `--force` if they really have. */
export class SeedRefusedError extends Error {
  override readonly name = 'SeedRefusedError';

  constructor() {
    super(
      'expected a database of development or tests, got NODE_ENV=production; ' +
        'give --force if sample data really belong in it',
    );
  }
}

const count =
  (least: number, most: number) =>
  (given: string): number => {
    const number = Number(given);
    if (Number.isInteger(number) && number >= least && number <= most)
      return number;
    throw new InvalidArgumentError(
      `expected a whole number from ${least} to ${most}`,
    );
  };

const run = async (options: Options): Promise<void> => {
  const { DATABASE_URL: url, NODE_ENV } = config();
  if (NODE_ENV === 'production' && !options.force) throw new SeedRefusedError();
  const dataSource = await createDataSource({
    url,
    poolSize: 2,
    applicationName: 'nightshift seed',
  }).initialize();
  try {
    await checkSchema(dataSource);
    const shown = process.stderr.isTTY && !options.json;
    const report = await seed(dataSource, {
      ...options,
      onProgress: ({ users, posts }) => {
        if (shown)
          process.stderr.write(
            `\r${users}/${options.users} users, ${posts}/${options.posts} posts `,
          );
      },
    });
    if (shown) process.stderr.write('\n');
    if (options.json) {
      console.log(JSON.stringify(report));
      return;
    }
    const added = Object.entries(report.inserted).filter(
      ([, rows]) => rows > 0,
    );
    for (const [table, rows] of added) console.log(`${table}: ${rows} added`);
    if (report.corrected > 0)
      console.log(`counters and reputation: ${report.corrected} set`);
    if (added.length === 0 && report.corrected === 0)
      console.log('everything was there already; nothing changed');
  } finally {
    await dataSource.destroy();
  }
};

/** `nightshift seed`: sample data. */
export const seedCommand = (): Command =>
  new Command('seed')
    .description(
      'fill the database with sample data; again only adds what is missing',
    )
    .addOption(
      new Option('--users <count>', 'people')
        .default(50)
        .argParser(count(1, 100_000)),
    )
    .addOption(
      new Option('--posts <count>', 'posts, with comments and votes')
        .default(200)
        .argParser(count(0, 100_000)),
    )
    .option('--force', 'in production too')
    .option('--json', 'print the report as one line of JSON')
    .addHelpText(
      'after',
      `
Ids and texts are the same in every run. Change data capture sees the rows like any others.

Environment: DATABASE_URL, NODE_ENV.

Examples:
  nightshift seed
  nightshift seed --users 1000 --posts 5000`,
    )
    .action(run);
