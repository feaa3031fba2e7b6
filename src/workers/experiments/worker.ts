import type { PubSub } from '@google-cloud/pubsub';
import type { GrowthBookClient } from '@growthbook/growthbook';
import type { DataSource } from 'typeorm';

import type { EventTopic, PubSubSchema } from '../../common/typedPubsub.ts';
import type { Logger } from '../../logger.ts';
import type {
  Message,
  Parsing,
  SubscriptionOf,
  TypedWorker,
  WorkerOptions,
} from '../worker.ts';
import { ExperimentAllocationClient } from './allocation-client.ts';
import { getGrowthBook } from './growthbook.ts';

/** Handles an event with features under experiment; what it evaluates is recorded before the ack. */
export type ExperimentWorker<Topic extends EventTopic> = WorkerOptions & {
  readonly subscription: SubscriptionOf<Topic>;
  readonly handler: (
    message: Message<PubSubSchema[Topic]>,
    con: DataSource,
    logger: Logger,
    pubsub: PubSub,
    experimentAllocationClient: ExperimentAllocationClient,
  ) => Promise<void>;
} & Parsing<Topic>;

/**
 * Makes an experiment worker one that the host serves. Allocations are stored after the handler and
 * before the message is acked: if that fails the handling has failed, and comes again.
 *
 * @param growthbook @default the client of this process
 */
export const workerToExperimentWorker = <Topic extends EventTopic>(
  worker: ExperimentWorker<Topic>,
  growthbook: () => Promise<GrowthBookClient> = getGrowthBook,
): TypedWorker<Topic> => {
  const { handler, ...rest } = worker;
  const served = {
    ...rest,
    handler: async (
      message: Message<PubSubSchema[Topic]>,
      con: DataSource,
      logger: Logger,
      pubsub: PubSub,
    ): Promise<void> => {
      const client = new ExperimentAllocationClient(await growthbook());
      await handler(message, con, logger, pubsub, client);
      await client.flush(con);
    },
  };
  return served;
};
