import { Command } from 'commander';

import { crons } from '../crons.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import { type ListedSchedule, listSchedules } from '../jobs/schedules/list.ts';
import { runScheduleNow } from '../jobs/schedules/run-now.ts';
import { checkSchema } from '../schema/check.ts';
import { type Column, table } from './table.ts';

interface Options {
  readonly json?: true;
}

const shown = (tick: Date | null): string =>
  tick ? tick.toISOString().replace('.000Z', 'Z') : 'never';

const columns: readonly Column<ListedSchedule>[] = [
  ['SCHEDULE', ({ name }) => name],
  ['CRON', ({ cron }) => cron],
  ['ZONE', ({ timezone }) => timezone],
  ['MISSED', ({ missed }) => missed],
  ['LAST', ({ last }) => shown(last)],
  ['NEXT', ({ next }) => shown(next)],
  ['JOBS', ({ jobs }) => [...new Set(jobs)].join(', ')],
];

const run = async (
  name: string | undefined,
  { json }: Options,
): Promise<void> => {
  try {
    const con = await createOrGetConnection();
    await checkSchema(con);
    if (name === undefined) {
      const schedules = await listSchedules(con);
      console.log(
        json ? JSON.stringify({ schedules }) : table(columns, schedules),
      );
      return;
    }
    const jobs = await runScheduleNow(con, name);
    if (json) console.log(JSON.stringify({ schedule: name, jobs }));
    else
      for (const { job, id } of jobs) console.log(`created ${job}, job ${id}`);
  } finally {
    await closeConnection();
  }
};

/** `nightshift cron`: the schedules with their ticks; with a name, that one now. */
export const cronCommand = (): Command =>
  new Command('cron')
    .description('list the schedules, or run one of them now')
    .argument('[name]', `one of: ${Object.keys(crons).join(', ')}`)
    .option('--json', 'print { schedules } or { schedule, jobs } as JSON')
    .addHelpText(
      'after',
      `
Running a schedule creates its jobs; whichever background process has room runs them. Its next tick comes
as if nothing had been. Times are UTC. MISSED says what becomes of ticks at which no process ran: skip
none, once the newest, all each of them.

Environment: DATABASE_URL.

Examples:
  nightshift cron
  nightshift cron data-retention
  nightshift cron --json | jq '.schedules[] | {name, next}'`,
    )
    .action(run);
