import type { DataSource } from 'typeorm';

import { config } from '../config.ts';
import {
  configureDirectPublisher,
  createDirectPublisher,
  flushDirectPublisher,
} from '../events/direct-publisher.ts';
import { createPublisherClient } from '../host/clients.ts';
import type { Redriver } from '../host/redrive.ts';
import type { Logger } from '../logger.ts';
import {
  personalizedDigestWorkers,
  typedWorkers,
  workers,
} from '../workers/index.ts';
import { servedWorkers } from '../workers/serve.ts';

/** What redrives need in this process: every worker of every process, and a client for what they publish. */
export interface OpenRedriver extends Redriver {
  /** Sends what handlers published. */
  close(): Promise<void>;
}

/** Prepares this process to redrive. Connects to the broker only when a handler publishes. */
export const openRedriver = (
  dataSource: DataSource,
  logger: Logger,
): OpenRedriver => {
  const { PUBSUB_PROJECT_ID, PUBSUB_EMULATOR_HOST } = config();
  const pubsub = createPublisherClient({
    projectId: PUBSUB_PROJECT_ID,
    ...(PUBSUB_EMULATOR_HOST !== undefined && {
      emulatorHost: PUBSUB_EMULATOR_HOST,
    }),
  });
  configureDirectPublisher(createDirectPublisher(pubsub));
  const served = servedWorkers({
    ...typedWorkers,
    ...workers,
    ...personalizedDigestWorkers,
  });
  return {
    dataSource,
    logger,
    pubsub,
    workers: new Map(served.map((worker) => [worker.subscription, worker])),
    close: async () => {
      await flushDirectPublisher();
      await pubsub.close();
    },
  };
};
