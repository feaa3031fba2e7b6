import { z } from 'zod';

import { bareName } from './messages.ts';

const statisticsSchema = z.object({
  subscriptions: z.array(
    z.object({
      name: z.string().transform(bareName),
      topic: z.string().transform(bareName),
      /** Messages that are not acknowledged yet. */
      backlog: z.number(),
      /** Messages that a consumer holds right now. */
      outstanding: z.number(),
      oldestUnackedSeconds: z.number(),
      /** The most deliveries that any message of the backlog has had. */
      deliveryAttemptsMax: z.number(),
      /** Messages that went to the dead-letter topic since the server started. */
      deadLettered: z.number(),
      /** Streams that receive from it right now. */
      openStreams: z.number(),
      /** Pull requests that wait for a message right now. */
      waitingPulls: z.number(),
    }),
  ),
});

/** What one subscription has to do. Names are bare. */
export type SubscriptionBacklog = z.infer<
  typeof statisticsSchema
>['subscriptions'][number];

/** The broker does not show its backlogs; the message says where they are to be seen. */
export class NoStatisticsError extends Error {
  override readonly name = 'NoStatisticsError';

  constructor(broker: string) {
    super(
      `${broker} does not show backlogs. On Google Cloud they are in Cloud Monitoring, as metrics of ` +
        'the resource pubsub_subscription:\n' +
        '  pubsub.googleapis.com/subscription/num_undelivered_messages    backlog\n' +
        '  pubsub.googleapis.com/subscription/num_outstanding_messages    being handled\n' +
        '  pubsub.googleapis.com/subscription/oldest_unacked_message_age  oldest unacked age\n' +
        '  pubsub.googleapis.com/subscription/dead_letter_message_count   dead letters\n' +
        '  pubsub.googleapis.com/subscription/open_streaming_pulls        live streams\n' +
        'Locally, set PUBSUB_EMULATOR_HOST to the address of the local Pub/Sub server.',
    );
  }
}

/**
 * Reads every subscription's backlog from a local Pub/Sub server.
 *
 * @param host `host:port`; `undefined` is Google's service.
 * @throws NoStatisticsError if the broker is another one; the error of `fetch` if it is not there.
 */
export const readStatistics = async (
  host: string | undefined,
): Promise<SubscriptionBacklog[]> => {
  if (host === undefined) throw new NoStatisticsError("Google's service");
  const response = await fetch(`http://${host}/stats`, {
    signal: AbortSignal.timeout(5_000),
  }).catch((error: unknown) => {
    throw new Error(
      `expected a Pub/Sub server at ${host}, got no answer; start one with: nightshift pubsub`,
      { cause: error },
    );
  });
  const body: unknown = response.ok
    ? await response.json().catch(() => undefined)
    : undefined;
  const statistics = statisticsSchema.safeParse(body);
  if (statistics.success) return statistics.data.subscriptions;
  throw new NoStatisticsError(`the broker at ${host}`);
};
