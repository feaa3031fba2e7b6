import { Command } from 'commander';

import { type Background, startBackground } from '../background.ts';
import { createLogger, type Logger } from '../logger.ts';
import { personalizedDigestWorkers } from '../workers/index.ts';
import { servedWorkers } from '../workers/serve.ts';
import { endSoon, runUntilStopped } from './run-until-stopped.ts';

/** Starts the digest process: the digest workers, with a concurrency and a pool of their own. */
export const startDigestBackground = (logger: Logger): Promise<Background> =>
  startBackground({
    name: 'nightshift-personalized-digest',
    workers: servedWorkers(personalizedDigestWorkers),
    logger,
  });

const run = async (): Promise<void> => {
  const logger = createLogger('personalized-digest');
  const background = await startDigestBackground(logger);
  logger.info(
    {
      health: background.healthUrl,
      subscriptions: background.subscriptions,
    },
    'nightshift personalized-digest ready',
  );
  await runUntilStopped(background, logger);
  endSoon();
};

/** `nightshift personalized-digest`: the digest process. */
export const personalizedDigestCommand = (): Command =>
  new Command('personalized-digest')
    .description('serve the digest workers, until SIGTERM or SIGINT')
    .addHelpText(
      'after',
      `
A process of its own, so that a night of digests never delays anything else. What is to be sent is
planned by nightshift generate-digests.

/health/live, /health/ready and /metrics are served on HEALTH_PORT.

Environment: DATABASE_URL, DATABASE_POOL_SIZE, PUBSUB_PROJECT_ID, HEALTH_PORT, DRAIN_TIMEOUT_SECONDS,
MAIL_TRANSPORT, SMTP_URL, MAIL_FROM, LOG_LEVEL.

Example:
  HEALTH_PORT=5002 nightshift personalized-digest`,
    )
    .action(run);
