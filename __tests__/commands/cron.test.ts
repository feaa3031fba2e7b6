import type { DataSource } from 'typeorm';

import { cronCommand } from '../../src/commands/cron.ts';
import { crons } from '../../src/crons.ts';
import { useTestDatabase } from '../helpers.ts';
import { runCommand } from './run-command.ts';

const database = useTestDatabase();
let before: string | undefined;

beforeAll(() => {
  before = process.env.DATABASE_URL;
  process.env.DATABASE_URL = (
    database.con.options as DataSource['options'] & { url: string }
  ).url;
});

afterAll(() => {
  if (before === undefined) delete process.env.DATABASE_URL;
  else process.env.DATABASE_URL = before;
});

test('lists every schedule with its next tick', async () => {
  const { exitCode, output } = await runCommand(cronCommand());
  expect(exitCode).toBe(0);
  const lines = output.split('\n');
  expect(lines[0]).toMatch(/^SCHEDULE +CRON +ZONE +MISSED +LAST +NEXT +JOBS$/);
  expect(lines).toHaveLength(Object.keys(crons).length + 1);
  expect(output).toMatch(
    /^data-retention +0 2 \* \* \* +UTC +once +never +\d{4}-\d\d-\d\dT02:00:00Z +apply-data-retention$/m,
  );
});

test('lists them as JSON', async () => {
  const { output } = await runCommand(cronCommand(), '--json');
  const { schedules } = JSON.parse(output) as { schedules: unknown[] };
  expect(schedules).toContainEqual(
    expect.objectContaining({
      name: 'webhook-retry',
      cron: '*/5 * * * *',
      last: null,
      next: expect.stringMatching(/:00\.000Z$/),
    }),
  );
});

test('runs one now: its jobs are there, its ticks untouched', async () => {
  const { exitCode, output } = await runCommand(
    cronCommand(),
    'cache-warming',
    '--json',
  );
  expect(exitCode).toBe(0);
  const { jobs } = JSON.parse(output) as { jobs: { id: string }[] };
  const rows = await database.con.query<{ name: string }[]>(
    'select name from job where id = any($1::uuid[]) order by name',
    [jobs.map(({ id }) => id)],
  );
  expect(rows.map(({ name }) => name)).toEqual([
    'warm-kpi-health',
    'warm-trending-posts',
  ]);
  await expect(database.con.query('select from schedule')).resolves.toEqual([]);
});

test('an unknown name is an error that names similar ones', async () => {
  const { exitCode, error } = await runCommand(cronCommand(), 'webhook-retri');
  expect(exitCode).toBe(1);
  expect(error?.message).toBe(
    'expected the name of a schedule, got: "webhook-retri"; did you mean webhook-retry?',
  );
  const far = await runCommand(cronCommand(), 'constructor');
  expect(far.error?.message).toContain('there are: scheduleTasks, ');
});
