import { Command } from 'commander';

import { type Background, startBackground } from '../background.ts';
import { deadLetterSubscriptions } from '../../.infra/common.ts';
import { deadLetterDrain } from '../host/dead-letter-drain.ts';
import type { ServedWorker } from '../host/served-worker.ts';
import { createLogger, type Logger } from '../logger.ts';
import {
  personalizedDigestWorkers,
  typedWorkers,
  workers,
} from '../workers/index.ts';
import { servedWorkers } from '../workers/serve.ts';
import { endSoon, runUntilStopped } from './run-until-stopped.ts';
import { fullRegistry } from './work-registry.ts';

/** What the main background process serves: its workers, and the dead-letter topics of all workers. */
export const mainWorkers = (): ServedWorker[] => {
  const own = servedWorkers({ ...typedWorkers, ...workers });
  const all = [...own, ...servedWorkers(personalizedDigestWorkers)];
  return [
    ...own,
    ...deadLetterSubscriptions().map((drained) =>
      deadLetterDrain(drained, all),
    ),
  ];
};

/**
 * Starts the main background process: every typed and legacy worker, the dead-letter topics, jobs and
 * schedules.
 *
 * @param jobs whether jobs run and schedules fire here. @default true
 */
export const startMainBackground = (
  logger: Logger,
  jobs = true,
): Promise<Background> =>
  startBackground({
    name: 'nightshift-background',
    workers: mainWorkers(),
    ...(jobs && { jobs: { registry: fullRegistry } }),
    logger,
  });

const run = async ({ jobs }: { readonly jobs: boolean }): Promise<void> => {
  const logger = createLogger('background');
  const background = await startMainBackground(logger, jobs);
  logger.info(
    {
      health: background.healthUrl,
      subscriptions: background.subscriptions,
      queues: background.queues.length,
    },
    'nightshift ready',
  );
  await runUntilStopped(background, logger);
  endSoon();
};

/** `nightshift background`: the main background process. */
export const backgroundCommand = (): Command =>
  new Command('background')
    .description(
      'serve every worker, run jobs, fire schedules and drain the dead-letter topics, until SIGTERM or SIGINT',
    )
    .option('--no-jobs', 'leave jobs and schedules to nightshift jobs')
    .addHelpText(
      'after',
      `
Run as many of these as the work needs; Pub/Sub spreads messages over them. The schema is checked,
not migrated: run nightshift migrate and nightshift provision before a release.

/health/live, /health/ready and /metrics are served on HEALTH_PORT.

Environment: DATABASE_URL, DATABASE_POOL_SIZE, PUBSUB_PROJECT_ID, HEALTH_PORT, DRAIN_TIMEOUT_SECONDS,
LOG_LEVEL, TRACE_SAMPLE_RATIO, OTEL_EXPORTER_OTLP_ENDPOINT.

Example:
  NODE_ENV=production nightshift background`,
    )
    .action(run);
