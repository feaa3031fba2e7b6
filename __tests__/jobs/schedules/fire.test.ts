import type { DataSource } from 'typeorm';

import { crons } from '../../../src/crons.ts';
import { createDataSource } from '../../../src/data-source.ts';
import { fireDueSchedules } from '../../../src/jobs/schedules/fire.ts';
import type { Schedules } from '../../../src/jobs/schedules/schedule.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';

let database: TestDatabase;
let con: DataSource;

beforeEach(async () => {
  database = await createTestDatabase();
  con = database.dataSource;
});

afterEach(() => database.drop());

const hourly = (missed: 'skip' | 'once' | 'all' = 'once'): Schedules => ({
  hourly: {
    cron: '0 * * * *',
    missed,
    jobs: [{ job: 'generate-digests', payload: {} }],
  },
});

const at = (time: string): Date => new Date(`2026-01-01T${time}Z`);

const jobs = (): Promise<{ name: string }[]> =>
  con.query('select name, queue from job order by id');

const ticksOf = async (time: string, schedules: Schedules) => {
  const { fired } = await fireDueSchedules(con, at(time), schedules);
  return fired.map(({ tick }) => tick.toISOString().slice(11, 16));
};

test('a schedule seen for the first time owes nothing from before', async () => {
  const first = await fireDueSchedules(con, at('10:30:00'), hourly('all'));
  expect(first).toMatchObject({ fired: [], failed: [], next: at('11:00:00') });
  expect(await jobs()).toEqual([]);
});

test('a tick creates its job once, however often it is looked at', async () => {
  await fireDueSchedules(con, at('10:30:00'), hourly());
  const { fired } = await fireDueSchedules(con, at('11:00:00'), hourly());
  expect(fired).toMatchObject([
    { schedule: 'hourly', tick: at('11:00:00'), job: 'generate-digests' },
  ]);
  expect(await ticksOf('11:00:00', hourly())).toEqual([]);
  expect(await ticksOf('11:59:59', hourly())).toEqual([]);
  expect(await jobs()).toMatchObject([{ name: 'generate-digests' }]);
});

test('of many processes at one tick, one creates the job', async () => {
  await fireDueSchedules(con, at('10:30:00'), hourly());
  const others = await Promise.all(
    Array.from({ length: 4 }, () =>
      createDataSource({ url: database.url, poolSize: 4 }).initialize(),
    ),
  );
  try {
    const looks = await Promise.all(
      Array.from({ length: 32 }, (_, index) =>
        fireDueSchedules(others[index % 4]!, at('11:00:00'), hourly()),
      ),
    );
    expect(looks.flatMap(({ fired }) => fired)).toHaveLength(1);
    expect(looks.flatMap(({ failed }) => failed)).toEqual([]);
    expect(await jobs()).toHaveLength(1);
  } finally {
    await Promise.all(others.map((other) => other.destroy()));
  }
});

test('a job that cannot be written leaves its tick owed', async () => {
  await fireDueSchedules(con, at('10:30:00'), hourly());
  await con.query('alter table job rename to job_away');
  const { failed } = await fireDueSchedules(con, at('11:00:00'), hourly());
  expect(failed).toMatchObject([{ schedule: 'hourly' }]);
  await con.query('alter table job_away rename to job');
  expect(await ticksOf('11:01:00', hourly())).toEqual(['11:00']);
});

test('a schedule that cannot be read does not hold up the others', async () => {
  const schedules: Schedules = {
    broken: { cron: 'whenever', jobs: [] },
    ...hourly(),
  };
  await fireDueSchedules(con, at('10:30:00'), schedules);
  const { fired, failed } = await fireDueSchedules(
    con,
    at('11:00:00'),
    schedules,
  );
  expect(fired).toHaveLength(1);
  expect(failed).toMatchObject([
    { schedule: 'broken', error: { name: 'InvalidScheduleError' } },
  ]);
});

test('after an outage every policy makes up for what it says, and counts the rest', async () => {
  const schedules: Schedules = {
    skip: hourly('skip').hourly!,
    once: hourly('once').hourly!,
    all: hourly('all').hourly!,
  };
  await fireDueSchedules(con, at('10:30:00'), schedules);
  const { fired, missed } = await fireDueSchedules(
    con,
    at('13:30:00'),
    schedules,
  );
  expect(
    fired.map(({ schedule, tick }) => [schedule, tick.getUTCHours()]),
  ).toEqual([
    ['once', 13],
    ['all', 11],
    ['all', 12],
    ['all', 13],
  ]);
  expect(missed).toEqual([
    { schedule: 'skip', ticks: 3 },
    { schedule: 'once', ticks: 2 },
  ]);
});

test('a clock that goes back a little fires no tick again', async () => {
  await fireDueSchedules(con, at('10:30:00'), hourly());
  expect(await ticksOf('11:00:00', hourly())).toEqual(['11:00']);
  expect(await ticksOf('10:59:59', hourly())).toEqual([]);
  expect(await ticksOf('11:00:00', hourly())).toEqual([]);
  expect(await ticksOf('12:00:00', hourly())).toEqual(['12:00']);
});

test('a clock that was hours ahead and is set right fires what comes, and nothing twice', async () => {
  await fireDueSchedules(con, at('10:30:00'), hourly());
  expect(await ticksOf('15:00:00', hourly())).toEqual(['15:00']);
  expect(await ticksOf('10:45:00', hourly())).toEqual([]);
  expect(await ticksOf('11:00:00', hourly())).toEqual(['11:00']);
  expect(await ticksOf('15:00:00', hourly())).toEqual([]);
  expect(await jobs()).toHaveLength(2);
});

test('a changed expression owes nothing of the past, and keeps the tick of just now', async () => {
  const every = (cron: string): Schedules => ({
    hourly: { ...hourly('all').hourly!, cron },
  });
  await fireDueSchedules(con, at('10:30:00'), hourly());
  expect(await ticksOf('12:07:30', every('*/5 * * * *'))).toEqual([]);
  // The release before this one still runs and looks in between.
  expect(await ticksOf('12:09:59', every('0 * * * *'))).toEqual([]);
  expect(await ticksOf('12:10:00', every('*/5 * * * *'))).toEqual(['12:10']);
  expect(await ticksOf('12:15:00', every('*/5 * * * *'))).toEqual(['12:15']);
});

test('a schedule that was removed fires no more, and begins anew when it comes back after a day', async () => {
  const other = { other: hourly().hourly! };
  await fireDueSchedules(con, at('10:30:00'), { ...hourly(), ...other });
  expect(await ticksOf('12:00:00', other)).toEqual(['12:00']);
  const days = new Date('2026-01-03T00:30:00Z');
  await fireDueSchedules(con, days, other);
  await expect(con.query('select name from schedule')).resolves.toEqual([
    { name: 'other' },
  ]);
  const { fired } = await fireDueSchedules(con, days, hourly());
  expect(fired).toEqual([]);
});

test('a tick of several jobs creates them all', async () => {
  await fireDueSchedules(con, at('10:30:00'), crons);
  await fireDueSchedules(con, at('11:00:00'), crons);
  expect((await jobs()).map(({ name }) => name).sort()).toEqual([
    'generate-digests',
    'retry-webhooks',
    'schedule-tasks',
    'warm-kpi-health',
    'warm-trending-posts',
  ]);
});

test('the database tells the time when nobody else does', async () => {
  const { now } = await fireDueSchedules(con, undefined, hourly());
  const [row] = await con.query<{ handled: Date }[]>(
    'select handled_until as handled from schedule',
  );
  expect(row?.handled).toEqual(now);
});
