import { Command } from 'commander';

import { closeConnection } from '../db.ts';
import { getJob } from '../jobs/create-job.ts';
import { UnknownJobIdError } from '../jobs/errors.ts';
import type { Job, JobAttempt } from '../jobs/port.ts';
import { jobId } from './jobs-list.ts';
import { type Column, table } from './table.ts';

/** Characters of an error in a line; --json has all of it. */
const longestError = 160;

const moment = (date: Date | undefined): string => date?.toISOString() ?? '-';

const line = (text: string | undefined): string => {
  const first = (text ?? '').split('\n', 1)[0] ?? '';
  return first.length > longestError
    ? `${first.slice(0, longestError - 1)}…`
    : first;
};

const percent = (progress: Job['progress']): string =>
  progress
    ? `${Math.floor(progress.fraction * 100)} %${progress.at === undefined ? '' : `, ${progress.at}`}`
    : '-';

const attempts: readonly Column<JobAttempt>[] = [
  ['ATTEMPT', ({ attempt }) => String(attempt)],
  ['WORKER', ({ worker }) => worker],
  ['STARTED', ({ startedAt }) => moment(startedAt)],
  ['ENDED', ({ endedAt }) => moment(endedAt)],
  ['ERROR', ({ error }) => line(error)],
];

const headOf = (job: Job): string =>
  (
    [
      ['job', job.id],
      ['name', job.name],
      ['queue', job.queue],
      [
        'state',
        `${job.state}${job.error === undefined ? '' : `: ${line(job.error)}`}`,
      ],
      ['attempt', `${job.attempt} of ${job.attempts}`],
      ['progress', percent(job.progress)],
      ['tenant', job.tenant ?? '-'],
      ['key', job.key ?? '-'],
      ['created', moment(job.createdAt)],
      ['run at', moment(job.runAt)],
      ['started', moment(job.startedAt)],
      ['ended', moment(job.finishedAt)],
      ['result', job.result === undefined ? '-' : JSON.stringify(job.result)],
    ] as const
  )
    .map(([name, value]) => `${name.padEnd(10)}${value}`)
    .join('\n');

const show = async (
  id: string,
  { json }: { readonly json?: true },
): Promise<void> => {
  try {
    const job = await getJob(id);
    if (!job) throw new UnknownJobIdError(id);
    if (json) {
      console.log(JSON.stringify(job));
      return;
    }
    console.log(headOf(job));
    if (job.history.length > 0)
      console.log(`\n${table(attempts, job.history)}`);
  } finally {
    await closeConnection();
  }
};

/** `nightshift jobs show` */
export const showCommand = (): Command =>
  new Command('show')
    .argument('<job>', 'its id', jobId)
    .description('show how far a job is, and each of its attempts')
    .option('--json', 'print all of it as one line')
    .action(show);
