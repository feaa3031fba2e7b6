import { Command, InvalidArgumentError, Option } from 'commander';
import { validate as isUuid } from 'uuid';

import createOrGetConnection, { closeConnection } from '../db.ts';
import { type ListedJob, listJobs } from '../jobs/operate/list.ts';
import type { JobState } from '../jobs/port.ts';
import { count } from './dead-letters-filter.ts';
import { type Column, table } from './table.ts';

interface Options {
  readonly state: JobState;
  readonly queue?: string;
  readonly name?: string;
  readonly after?: string;
  readonly limit: number;
  readonly json?: true;
}

const moment = (date: Date | null): string => date?.toISOString() ?? '-';

const columns: readonly Column<ListedJob>[] = [
  ['JOB', ({ id }) => id],
  ['NAME', ({ name }) => name],
  ['QUEUE', ({ queue }) => queue],
  ['TENANT', ({ tenant }) => tenant ?? '-'],
  ['ATTEMPT', ({ attempt, attempts }) => `${attempt}/${attempts}`],
  ['RUN AT', ({ runAt }) => moment(runAt)],
  ['ENDED', ({ finishedAt }) => moment(finishedAt)],
];

/** An argument that names a job. */
export const jobId = (given: string): string => {
  if (isUuid(given)) return given.toLowerCase();
  throw new InvalidArgumentError(
    'expected the id of a job; nightshift jobs list shows them',
  );
};

const list = async ({ json, ...filter }: Options): Promise<void> => {
  try {
    const { manager } = await createOrGetConnection();
    const jobs = await listJobs(manager, filter);
    if (json) {
      console.log(JSON.stringify({ jobs }));
      return;
    }
    if (jobs.length === 0) {
      console.log(`no jobs are ${filter.state}`);
      return;
    }
    console.log(table(columns, jobs));
    const last = jobs.at(-1);
    if (jobs.length === filter.limit && last)
      console.log(`\nthe next ones: --after ${last.id}`);
  } finally {
    await closeConnection();
  }
};

/** `nightshift jobs list` */
export const listCommand = (): Command =>
  new Command('list')
    .description('show jobs of one state, the newest first')
    .addOption(
      new Option('--state <state>', 'in this state')
        .choices([
          'scheduled',
          'pending',
          'running',
          'failed',
          'completed',
          'cancelled',
        ])
        .default('pending'),
    )
    .option('--queue <name>', 'of this queue')
    .option('--name <name>', 'of this name')
    .option('--limit <count>', 'jobs at most', count(1_000), 50)
    .option('--after <job>', 'go on after this one', jobId)
    .option('--json', 'print { jobs } as one line')
    .action(list);
