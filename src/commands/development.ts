import {
  exampleJob,
  exampleOperator,
  exampleUpvote,
} from '../api/development.ts';
import { config } from '../config.ts';
import createOrGetConnection from '../db.ts';
import { createPublisherClient } from '../host/clients.ts';
import type { EnteredStack } from '../local/enter.ts';
import { createLogger, type Logger } from '../logger.ts';
import { provision } from '../provision/broker.ts';
import { migrate } from '../schema/migrate.ts';
import { seed } from '../seed/seed.ts';
import { startApi } from './api.ts';
import { startMainBackground } from './background.ts';
import { startDigestBackground } from './personalized-digest.ts';
import {
  type Drainable,
  leaveOnSignal,
  runUntilStopped,
} from './run-until-stopped.ts';

export type DevelopmentRole = 'background' | 'api' | 'personalized-digest';

/** People and posts of a new database, so that there is something to try. */
const firstData = { users: 20, posts: 40 };

/** Schema, topics and subscriptions as this version declares them; then changes may flow. */
export const prepare = async (
  stack: EnteredStack,
  logger: Logger,
): Promise<void> => {
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

const urlOf = (
  { lease }: EnteredStack,
  role: DevelopmentRole,
): string | undefined =>
  lease.lessees.find((lessee) => lessee.role === role)?.url;

const sqlExample = `npx pnpm nightshift sql "update comment set content = 'now **bold**' where id = (select max(id::text)::uuid from comment) returning id"`;

/** Starts the process and says where everything is. */
const start: Record<
  DevelopmentRole,
  (stack: EnteredStack, logger: Logger) => Promise<Drainable>
> = {
  background: async (stack, logger) => {
    const background = await startMainBackground(logger);
    stack.lease.announce(background.healthUrl);
    const api = urlOf(stack, 'api');
    logger.info(
      {
        health: `${background.healthUrl}/health/ready`,
        pubsub: stack.state.pubsubAddress,
        postgres: stack.state.databaseUrl,
        api: api ?? 'not running; start it with: npx pnpm dev',
        try: sqlExample,
      },
      'nightshift ready',
    );
    if (api !== undefined)
      console.log(
        await exampleUpvote(await createOrGetConnection(), {
          url: api,
          apiSecret: config().API_SECRET,
        }),
      );
    return background;
  },
  'personalized-digest': async (stack, logger) => {
    const background = await startDigestBackground(logger);
    stack.lease.announce(background.healthUrl);
    logger.info(
      {
        health: `${background.healthUrl}/health/ready`,
        try: 'npx pnpm nightshift generate-digests',
      },
      'nightshift personalized-digest ready',
    );
    return background;
  },
  api: async (stack, logger) => {
    const running = await startApi();
    stack.lease.announce(running.url);
    logger.info(
      {
        api: running.url,
        pubsub: stack.state.pubsubAddress,
        postgres: stack.state.databaseUrl,
        background:
          urlOf(stack, 'background') ??
          'not running; start it with: npx pnpm dev:background',
      },
      'nightshift api ready',
    );
    console.log(await exampleUpvote(await createOrGetConnection(), running));
    console.log(exampleOperator(running));
    console.log(exampleJob(running));
    return {
      drain: async () => {
        await running.close();
      },
    };
  },
};

/** Brings the stack's contents up to this version, then runs one process on it until it is stopped. */
export const runDevelopment = async (
  role: DevelopmentRole,
  stack: EnteredStack,
): Promise<void> => {
  // Before it is ready a process has nothing to drain: it lets go of the stack and ends.
  const takeOver = leaveOnSignal(() => {
    void stack.lease.release().finally(() => process.exit(1));
  });
  try {
    const logger = createLogger(role);
    logger.info(
      { home: stack.directory, process: stack.state.pid },
      stack.found ? 'found the running local stack' : 'started the local stack',
    );
    for (const remark of [...stack.state.remarks, ...stack.remarks])
      logger.warn(remark);
    const ended = new Promise<string>((resolve) => {
      stack.lease.on('lost', () => resolve('the local stack ended'));
    });
    await prepare(stack, logger);
    const running = await start[role](stack, logger);
    await runUntilStopped(running, logger, { ended, takeOver });
  } finally {
    await stack.lease.release();
  }
};
