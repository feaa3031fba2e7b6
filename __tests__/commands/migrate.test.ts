import { randomUUID } from 'node:crypto';

import pg from 'pg';

import { migrateCommand } from '../../src/commands/migrate.ts';
import { migrations } from '../../src/migration/index.ts';
import { testServerUrl } from '../setup/database.ts';
import { administer, withDatabase } from '../setup/template-database.ts';
import { runCommand } from './run-command.ts';

const database = `migrate_${randomUUID().replaceAll('-', '')}`;

beforeAll(() => {
  process.env.DATABASE_URL = withDatabase(testServerUrl(), database);
});

afterAll(() =>
  administer(
    testServerUrl(),
    `drop database if exists ${database} with (force)`,
  ),
);

describe('nightshift migrate', () => {
  it('creates, migrates, and says what it did', async () => {
    const { exitCode, output } = await runCommand(
      migrateCommand(),
      '--create-database',
      '--no-slot',
    );
    expect(exitCode).toBe(0);
    expect(output).toContain(`created database ${database}`);
    for (const { name } of migrations)
      expect(output).toContain(`applied ${name}`);
    expect((await runCommand(migrateCommand(), '--no-slot')).output).toContain(
      'the schema is current',
    );
  });

  it('exits with 1 from --status while a migration is pending', async () => {
    await runCommand(migrateCommand(), '--create-database', '--no-slot');
    expect((await runCommand(migrateCommand(), '--status')).exitCode).toBe(0);
    const last = migrations.at(-1)!.name;
    const client = new pg.Client({
      connectionString: process.env.DATABASE_URL,
    });
    await client.connect();
    await client.query('delete from migration where name = $1', [last]);
    await client.end();
    const { exitCode, output } = await runCommand(
      migrateCommand(),
      '--status',
      '--json',
    );
    expect(exitCode).toBe(1);
    expect(JSON.parse(output)).toMatchObject({ pending: [last] });
  });
});
