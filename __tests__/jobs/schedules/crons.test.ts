import { crons } from '../../../src/crons.ts';
import { nextTick } from '../../../src/jobs/schedules/ticks.ts';

test('every recurring task has its rhythm', () => {
  const from = new Date('2026-01-01T00:00:00Z');
  const rhythm = Object.entries(crons).map(([name, schedule]) => {
    const first = nextTick(name, schedule, from)!;
    const second = nextTick(name, schedule, first)!;
    return [
      name,
      first.toISOString().slice(11, 16),
      (second.getTime() - first.getTime()) / 60_000,
    ];
  });
  expect(rhythm).toEqual([
    ['scheduleTasks', '00:15', 15],
    ['data-retention', '02:00', 1440],
    ['webhook-retry', '00:05', 5],
    ['cache-warming', '01:00', 60],
    ['generate-digests', '01:00', 60],
    ['reconciliation', '03:30', 1440],
  ]);
});
