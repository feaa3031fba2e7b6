import { Command, InvalidArgumentError } from 'commander';

import { type Background, startBackground } from '../background.ts';
import { workRegistry } from '../flows/definitions/index.ts';
import { createLogger } from '../logger.ts';
import { runUntilStopped } from './run-until-stopped.ts';

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
      registry: workRegistry,
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
};

/** `nightshift jobs`: a process for jobs alone. */
export const jobsCommand = (): Command =>
  new Command('jobs')
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
