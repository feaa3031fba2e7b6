import { Command } from 'commander';
import pg from 'pg';

import { config } from '../config.ts';

/** Rows shown at most; a terminal is no place for more. */
const shownRows = 100;

const runStatement = async (
  statement: string,
  options: { readonly json?: true },
): Promise<void> => {
  const client = new pg.Client({
    connectionString: config().DATABASE_URL,
    statement_timeout: 60_000,
  });
  await client.connect();
  try {
    const { command, rowCount, rows } =
      await client.query<Record<string, unknown>>(statement);
    if (options.json) {
      console.log(JSON.stringify({ command, rowCount, rows }));
      return;
    }
    if (rows.length > 0) console.table(rows.slice(0, shownRows));
    const hidden = rows.length - shownRows;
    const more = hidden > 0 ? ` (${hidden} more not shown; use --json)` : '';
    const rowWord = rowCount === 1 ? 'row' : 'rows';
    console.log(`${command}: ${rowCount ?? 0} ${rowWord}${more}`);
  } finally {
    await client.end();
  }
};

/** `nightshift sql`: an SQL client for machines that have none. */
export const sqlCommand = (): Command =>
  new Command('sql')
    .description(
      'run one SQL statement on the database, as any SQL client would',
    )
    .argument('<statement>', 'the statement, in quotes')
    .option('--json', 'print { command, rowCount, rows } as one line of JSON')
    .addHelpText(
      'after',
      `
Examples:
  nightshift sql 'select username, reputation from "user" limit 5'
  nightshift sql "update post set title = 'A better title' where title = 'A title'"`,
    )
    .action(runStatement);
