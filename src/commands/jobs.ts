import { Command, InvalidArgumentError } from 'commander';
import { validate as isUuid } from 'uuid';

import { type Background, startBackground } from '../background.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import { keptBy } from '../bulk/kept.ts';
import { UnknownJobIdError } from '../jobs/errors.ts';
import { cancelJob } from '../jobs/operate/cancel.ts';
import { createLogger } from '../logger.ts';
import { createCommand } from './jobs-create.ts';
import { listCommand } from './jobs-list.ts';
import { showCommand } from './jobs-show.ts';
import { withActor } from './operator.ts';
import { endSoon, runUntilStopped } from './run-until-stopped.ts';
import { fullRegistry } from './work-registry.ts';

interface Options {
  readonly queue?: readonly string[];
  readonly concurrency?: number;
  readonly schedules: boolean;
}

const concurrency = (given: string): number => {
  const number = Number(given);
  if (Number.isInteger(number) && number >= 1 && number <= 1_000) return number;
  throw new InvalidArgumentError('expected a whole number from 1 to 1000');
};

const run = async ({
  queue,
  concurrency: atOnce,
  schedules,
}: Options): Promise<void> => {
  const logger = createLogger('jobs');
  const background: Background = await startBackground({
    name: 'nightshift-jobs',
    workers: [],
    jobs: {
      registry: fullRegistry,
      schedules,
      ...(queue && { queues: queue }),
      ...(atOnce !== undefined && { concurrency: atOnce }),
    },
    logger,
  });
  logger.info(
    { health: background.healthUrl, queues: background.queues },
    'nightshift ready',
  );
  await runUntilStopped(background, logger);
  endSoon();
};

const cancel = async (
  id: string,
  { actor, reason }: { readonly actor: string; readonly reason?: string },
): Promise<void> => {
  if (!isUuid(id)) throw new UnknownJobIdError(id);
  try {
    const { manager } = await createOrGetConnection();
    const outcome = await cancelJob(manager, id, { actor, reason }, keptBy);
    console.log(
      outcome === 'cancelled'
        ? `${id} is cancelled`
        : `${id} runs; its process stops it within seconds, and its end changes nothing`,
    );
  } finally {
    await closeConnection();
  }
};

const cancelCommand = (): Command =>
  withActor(new Command('cancel').argument('<job>', 'its id'))
    .description('cancel a job that waits or runs')
    .option('--reason <text>', 'why, for the audit log')
    .addHelpText(
      'after',
      `
A job that waits never begins. One that runs gets its signal, and what a transactional one did is rolled
back. A job that has failed is resolved at the desk (nightshift dead-letters resolve); a step of a flow is
cancelled with its run (nightshift flows cancel).

Example:
  nightshift jobs cancel 0194203a-0af8-7875-aa5c-89b838accc5c --reason 'the feed is gone'`,
    )
    .action(cancel);

/** `nightshift jobs`: a process for jobs alone, and what operators do with jobs. */
export const jobsCommand = (): Command =>
  new Command('jobs')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(cancelCommand())
    .description('run jobs and fire schedules, until SIGTERM or SIGINT')
    .option('--queue <names...>', 'queues to serve (default: all)')
    .option(
      '--concurrency <jobs>',
      "jobs at once in every queue (default: the queue's own)",
      concurrency,
    )
    .option('--no-schedules', 'leave schedules to other processes')
    .addHelpText(
      'after',
      `
Run as many of these as the work needs; start nightshift background with --no-jobs beside them. A job
that is still running DRAIN_TIMEOUT_SECONDS after the signal is cut off and run again elsewhere.

/health/live, /health/ready and /metrics are served on HEALTH_PORT.

Examples:
  nightshift jobs
  nightshift jobs --queue export-generation --concurrency 8 --no-schedules`,
    )
    .action(run);
