/**
 * Runs Debezium Server on the local stack in the place of the streamer, until Ctrl-C.
 *
 *     npx pnpm debezium
 *
 * Needs Java 21 or newer and Maven, which fetches the Server once (0.8 GB). The stack is started if none
 * runs; its streamer stops first and goes on when Debezium has ended.
 */
import { join } from 'node:path';
import { inspect } from 'node:util';

import { CaptureError } from '../src/cdc/errors.ts';
import { prepare } from '../src/commands/development.ts';
import { runUntilStopped } from '../src/commands/run-until-stopped.ts';
import { config } from '../src/config.ts';
import { enterStack } from '../src/local/enter.ts';
import { StackFailedError } from '../src/local/lease.ts';
import { freePort } from '../src/local/ports.ts';
import { StackStartError } from '../src/local/stack.ts';
import { createLogger, type Logger } from '../src/logger.ts';
import {
  type Distribution,
  DistributionError,
  ensureDistribution,
} from './distribution.ts';
import { findJava, JavaMissingError } from './java.ts';
import { startDebezium } from './process.ts';
import { DebeziumStartError, handOver, untilStreaming } from './readiness.ts';
import { environmentOf } from './settings.ts';

const serve = async (
  java: string,
  distribution: Distribution,
): Promise<void> => {
  const stack = await enterStack('debezium');
  const logger: Logger = createLogger('debezium');
  try {
    const lost = new Promise<string>((resolve) => {
      stack.lease.on('lost', () => resolve('the local stack ended'));
    });
    await stack.lease.takeOver();
    await prepare(stack, logger);
    const { DATABASE_URL, PUBSUB_PROJECT_ID } = config();
    const { pubsubAddress } = stack.state;
    await handOver(DATABASE_URL);
    const port = await freePort(0);
    const log = join(stack.directory, 'debezium.log');
    const debezium = await startDebezium({
      distribution,
      java,
      properties: join(import.meta.dirname, 'application.properties'),
      environment: environmentOf({
        databaseUrl: DATABASE_URL,
        pubsubAddress,
        projectId: PUBSUB_PROJECT_ID,
        port,
      }),
      log,
    });
    const drain = () => debezium.stop();
    try {
      await untilStreaming(DATABASE_URL, debezium);
    } catch (error) {
      await drain();
      throw error;
    }
    logger.info(
      {
        version: distribution.version,
        health: `http://127.0.0.1:${port}/q/health`,
        log,
      },
      'Debezium Server streams changes in the place of the streamer',
    );
    await runUntilStopped({ drain }, logger, {
      ended: Promise.race([
        lost,
        debezium.ended.then(() => 'Debezium Server ended; its log says why'),
      ]),
    });
  } finally {
    await stack.lease.release();
  }
};

try {
  const java = await findJava();
  await serve(java, await ensureDistribution());
} catch (error) {
  const isExpected =
    error instanceof JavaMissingError ||
    error instanceof DistributionError ||
    error instanceof CaptureError ||
    error instanceof StackFailedError ||
    error instanceof StackStartError ||
    error instanceof DebeziumStartError;
  process.stderr.write(`${isExpected ? error.message : inspect(error)}\n`);
  process.exitCode = 1;
}
