import { pino } from 'pino';

import type { Wait } from '../../../src/jobs/loop.ts';
import type { Schedules } from '../../../src/jobs/schedules/schedule.ts';
import { startSchedules } from '../../../src/jobs/schedules/start.ts';
import { useTestDatabase } from '../../helpers.ts';

const database = useTestDatabase();
const logger = pino({ level: 'silent' });

const schedules: Schedules = {
  quarterly: {
    cron: '*/15 * * * *',
    jobs: [{ job: 'schedule-tasks', payload: {} }],
  },
};

/** A clock that stands until somebody waits on it. */
const createClock = (start: string) => {
  let now = new Date(start);
  let onWait = Promise.withResolvers<number>();
  let release: (() => void) | undefined;
  const wait: Wait = (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      release = () => resolve(undefined);
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      onWait.resolve(milliseconds);
    });
  return {
    now: () => now,
    wait,
    /** Resolves with how long the loop wants to wait, once it does. */
    waits: () => onWait.promise,
    advanceTo: (time: string) => {
      now = new Date(time);
      onWait = Promise.withResolvers<number>();
      release?.();
    },
  };
};

const countJobs = async (): Promise<number> => {
  const [row] = await database.con.query<{ count: number }[]>(
    'select count(*)::int as count from job',
  );
  return row!.count;
};

test('waits for the next tick, a minute at most, fires it and ends when told', async () => {
  const clock = createClock('2026-01-01T10:00:30Z');
  const stop = startSchedules(database.con, logger, {
    schedules,
    clock: clock.now,
    wait: clock.wait,
  });
  await expect(clock.waits()).resolves.toBe(60_000);
  clock.advanceTo('2026-01-01T10:14:59.600Z');
  await expect(clock.waits()).resolves.toBe(400);
  expect(await countJobs()).toBe(0);
  clock.advanceTo('2026-01-01T10:15:00Z');
  await clock.waits();
  expect(await countJobs()).toBe(1);
  await stop();
  await stop();
  expect(await countJobs()).toBe(1);
});

test('a database that fails is tried again, and the tick is fired then', async () => {
  const clock = createClock('2026-01-01T11:01:00Z');
  await database.con.query('alter table schedule rename to schedule_away');
  const stop = startSchedules(database.con, logger, {
    schedules,
    clock: clock.now,
    wait: clock.wait,
  });
  await expect(clock.waits()).resolves.toBe(1_000);
  await database.con.query('alter table schedule_away rename to schedule');
  const before = await countJobs();
  clock.advanceTo('2026-01-01T11:15:00Z');
  await clock.waits();
  expect(await countJobs()).toBe(before + 1);
  await stop();
});

test('ends by the signal it was given', async () => {
  const clock = createClock('2026-01-01T12:01:00Z');
  const given = new AbortController();
  const stop = startSchedules(database.con, logger, {
    schedules,
    clock: clock.now,
    wait: clock.wait,
    signal: given.signal,
  });
  await clock.waits();
  given.abort();
  await expect(stop()).resolves.toBeUndefined();
});
