import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { retentionCommand } from '../../src/commands/retention.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { runCommand } from './run-command.ts';

let database: TestDatabase;
let home: string;

beforeAll(async () => {
  database = await createTestDatabase();
  home = await mkdtemp(join(tmpdir(), 'nightshift-retention-command-'));
  process.env.DATABASE_URL = database.url;
  process.env.NIGHTSHIFT_HOME = home;
  process.env.DATA_RETENTION_DAYS = '30';
  for (const state of ['open', 'resolved'])
    await database.dataSource.query(
      `insert into dead_letter (id, source, subscription, topic, identity, payload, attributes, error, attempts,
                                state, first_seen_at, last_seen_at)
       values (gen_random_uuid(), 'pubsub', 's', 't', $1, '', '{}', 'Error', 1, $1, now() - interval '31 days',
               now() - interval '31 days')`,
      [state],
    );
});
afterAll(async () => {
  await database.drop();
  await rm(home, { recursive: true });
});

describe('nightshift retention', () => {
  it('only counts with --dry-run', async () => {
    const { exitCode, output } = await runCommand(
      retentionCommand(),
      '--dry-run',
    );
    expect(exitCode).toBe(0);
    expect(output).toMatch(/dead_letter +1\b/);
    expect(output).toMatch(/30 days ago\); nothing was deleted/);
  });

  it('deletes and says what', async () => {
    const { output } = await runCommand(retentionCommand(), '--json');
    expect(JSON.parse(output)).toMatchObject({
      days: 30,
      retained: { dryRun: false, rows: { dead_letter: 1, audit_log: 0 } },
    });
    const left = await database.dataSource.query(
      'select state from dead_letter',
    );
    expect(left).toEqual([{ state: 'open' }]);
  });
});
