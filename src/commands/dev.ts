import { join } from 'node:path';

import { Command } from 'commander';

import { exampleUpvote } from '../api/development.ts';
import { config } from '../config.ts';
import createOrGetConnection from '../db.ts';
import { createPublisherClient } from '../host/clients.ts';
import { useStack } from '../local/environment.ts';
import { developmentSecret, openHome } from '../local/home.ts';
import { ensureLocalStack, type LocalStack } from '../local/stack.ts';
import { createLogger, type Logger } from '../logger.ts';
import { provision } from '../provision/broker.ts';
import { migrate } from '../schema/migrate.ts';
import { seed } from '../seed/seed.ts';
import { startApi } from './api.ts';
import { startMainBackground } from './background.ts';
import { runUntilStopped } from './run-until-stopped.ts';

/** Runs the stack, as arguments for Node. */
const stackCommand = [
  '--import',
  'tsx',
  join(import.meta.dirname, '../../bin/cli.ts'),
  'local',
  'run',
];

/** People and posts of a new database, so that there is something to try. */
const firstData = { users: 20, posts: 40 };

/** Schema, topics and subscriptions as this version declares them; then changes may flow. */
const prepare = async (stack: LocalStack, logger: Logger): Promise<void> => {
  const { DATABASE_URL, PUBSUB_PROJECT_ID, PUBSUB_EMULATOR_HOST } = config();
  const migrated = await migrate({ url: DATABASE_URL, createDatabase: true });
  if (migrated.applied.length > 0)
    logger.info({ applied: migrated.applied.length }, 'migrated');
  const pubsub = createPublisherClient({
    projectId: PUBSUB_PROJECT_ID,
    ...(PUBSUB_EMULATOR_HOST !== undefined && {
      emulatorHost: PUBSUB_EMULATOR_HOST,
    }),
  });
  try {
    const { made } = await provision(pubsub, { createForeignTopics: true });
    if (made.length > 0) logger.info({ changes: made.length }, 'provisioned');
  } finally {
    await pubsub.close();
  }
  await stack.lease.stream();
  if (migrated.databaseCreated) {
    await seed(await createOrGetConnection(), firstData);
    logger.info(firstData, 'seeded a new database');
  }
};

/** Takes a lease on the stack and points this process to it. Nothing may read the config before. */
const enter = async (role: string): Promise<[LocalStack, Logger]> => {
  const home = await openHome(process.env.NIGHTSHIFT_HOME || '.local');
  process.env.API_SECRET ||= await developmentSecret(home);
  const stack = await ensureLocalStack(home, stackCommand, role);
  useStack(stack.state, process.env);
  const logger = createLogger(role);
  logger.info(
    { home: home.directory },
    stack.found ? 'found the running local stack' : 'started the local stack',
  );
  await prepare(stack, logger);
  return [stack, logger];
};

const ended = (stack: LocalStack): Promise<string> =>
  new Promise((resolve) => {
    stack.lease.on('lost', () => resolve('the local stack ended'));
  });

const urlOf = ({ lease }: LocalStack, role: string): string | undefined =>
  lease.lessees.find((lessee) => lessee.role === role)?.url;

const background = async (): Promise<void> => {
  const [stack, logger] = await enter('background');
  const running = await startMainBackground(logger);
  stack.lease.announce(running.healthUrl);
  const addresses = {
    health: `${running.healthUrl}/health/ready`,
    pubsub: stack.state.pubsubAddress,
    postgres: stack.state.databaseUrl,
    api: urlOf(stack, 'api') ?? 'not running; start it with: npx pnpm dev',
    try: 'npx pnpm nightshift subscriptions',
  };
  logger.info(addresses, 'nightshift ready');
  await runUntilStopped(running, logger, ended(stack));
  await stack.lease.release();
};

const api = async (): Promise<void> => {
  const [stack, logger] = await enter('api');
  const running = await startApi();
  stack.lease.announce(running.url);
  logger.info({ api: running.url }, 'nightshift api ready');
  console.log(await exampleUpvote(await createOrGetConnection(), running));
  await runUntilStopped(
    {
      drain: async () => {
        await running.close();
      },
    },
    logger,
    ended(stack),
  );
  await stack.lease.release();
};

/** `nightshift dev`: processes on the local stack, which is started if none runs. */
export const devCommand = (): Command =>
  new Command('dev')
    .description('run a process on the local stack; nothing else to install')
    .addCommand(
      new Command('background')
        .description(
          'start or find the stack, migrate, provision, serve workers',
        )
        .action(background),
    )
    .addCommand(
      new Command('api')
        .description(
          'start or find the stack, migrate, provision, serve the API',
        )
        .action(api),
    )
    .addHelpText(
      'after',
      `
The stack's state is in NIGHTSHIFT_HOME (default: .local); it ends with the last process that uses it.
A new database is filled with sample data.

Environment: PORT (API), HEALTH_PORT (background), 0 for any free one; NIGHTSHIFT_HOME.`,
    );
