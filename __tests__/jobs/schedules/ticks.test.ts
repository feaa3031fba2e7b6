import { InvalidScheduleError } from '../../../src/jobs/schedules/errors.ts';
import type { Schedule } from '../../../src/jobs/schedules/schedule.ts';
import {
  dueTicks,
  mostMissed,
  nextTick,
} from '../../../src/jobs/schedules/ticks.ts';

const schedule = (given: Partial<Schedule>): Schedule => ({
  cron: '0 * * * *',
  jobs: [],
  ...given,
});

const at = (time: string): Date => new Date(time);

const due = (given: Partial<Schedule>, after: string, now: string) => {
  const { due, missed } = dueTicks('test', schedule(given), at(after), at(now));
  return { due: due.map((tick) => tick.toISOString()), missed };
};

test('a tick is due from its first millisecond on, once', () => {
  const before = '2026-01-01T10:00:00.000Z';
  expect(due({}, before, '2026-01-01T10:59:59.999Z').due).toEqual([]);
  expect(due({}, before, '2026-01-01T11:00:00.000Z').due).toEqual([
    '2026-01-01T11:00:00.000Z',
  ]);
  expect(
    due({}, '2026-01-01T11:00:00.000Z', '2026-01-01T11:00:00.500Z').due,
  ).toEqual([]);
});

test('of the ticks of an outage, once makes up for the newest', () => {
  expect(
    due({ missed: 'once' }, '2026-01-01T10:30:00Z', '2026-01-01T15:30:00Z'),
  ).toEqual({ due: ['2026-01-01T15:00:00.000Z'], missed: 4 });
});

test('of the ticks of an outage, skip makes up for none, but meets a tick of just now', () => {
  const skip = { missed: 'skip' } as const;
  expect(due(skip, '2026-01-01T10:30:00Z', '2026-01-01T15:30:00Z')).toEqual({
    due: [],
    missed: 5,
  });
  expect(due(skip, '2026-01-01T10:30:00Z', '2026-01-01T15:01:00Z')).toEqual({
    due: ['2026-01-01T15:00:00.000Z'],
    missed: 4,
  });
});

test('of the ticks of an outage, all makes up for each, oldest first, and for the newest hundred of too many', () => {
  const all = { missed: 'all' } as const;
  expect(due(all, '2026-01-01T10:30:00Z', '2026-01-01T13:30:00Z').due).toEqual([
    '2026-01-01T11:00:00.000Z',
    '2026-01-01T12:00:00.000Z',
    '2026-01-01T13:00:00.000Z',
  ]);
  const year = due(all, '2025-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
  expect(year.due).toHaveLength(mostMissed);
  expect(year.due.at(-1)).toBe('2026-01-01T00:00:00.000Z');
  expect(year.missed).toBe(1);
});

test('a schedule keeps to the clock of its zone when summer time comes and goes', () => {
  const berlin = schedule({ cron: '30 2 * * *', timezone: 'Europe/Berlin' });
  const next = (after: string) =>
    nextTick('test', berlin, at(after))?.toISOString();
  expect(next('2026-03-28T00:00:00Z')).toBe('2026-03-28T01:30:00.000Z');
  // 02:30 does not exist on that day; the first moment after the gap stands in for it.
  expect(next('2026-03-28T12:00:00Z')).toBe('2026-03-29T01:00:00.000Z');
  // 02:30 comes twice on that day; the tick comes once.
  expect(next('2026-10-24T12:00:00Z')).toBe('2026-10-25T00:30:00.000Z');
  expect(next('2026-10-25T00:30:00Z')).toBe('2026-10-26T01:30:00.000Z');
});

test('an hourly schedule runs in both hours of the same name', () => {
  expect(
    due(
      { timezone: 'Europe/Berlin', missed: 'all' },
      '2026-10-25T00:00:00Z',
      '2026-10-25T02:00:00Z',
    ).due,
  ).toEqual(['2026-10-25T01:00:00.000Z', '2026-10-25T02:00:00.000Z']);
});

test.each([
  ['a minute that does not exist', { cron: '61 * * * *' }],
  ['four fields', { cron: '* * * *' }],
  ['a zone that does not exist', { timezone: 'Mars/Base' }],
])('refuses %s and names the schedule', (_, given) => {
  expect(() => nextTick('nightly', schedule(given), at('2026-01-01'))).toThrow(
    InvalidScheduleError,
  );
  expect(() => nextTick('nightly', schedule(given), at('2026-01-01'))).toThrow(
    /expected schedule nightly to have a cron expression of five fields and an IANA time zone, got: /,
  );
});

test('a schedule whose day never comes has no next tick', () => {
  expect(
    nextTick('never', schedule({ cron: '0 0 31 2 *' }), at('2026-01-01')),
  ).toBeUndefined();
});
