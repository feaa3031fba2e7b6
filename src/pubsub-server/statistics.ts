import type { Broker } from './broker/broker.ts';
import type { Clock } from './clock.ts';

/** What an operator sees of one subscription; the element of GET /stats. */
export interface SubscriptionStatistics {
  /** Full resource name. */
  readonly name: string;
  /** Full resource name, or `_deleted-topic_`. */
  readonly topic: string;
  /** Messages not acknowledged yet, leased ones included. */
  readonly backlog: number;
  /** Messages leased to a consumer right now. */
  readonly outstanding: number;
  /** Age of the oldest message that is not acknowledged; 0 with an empty backlog. */
  readonly oldestUnackedSeconds: number;
  /** The most deliveries any message of the backlog has had. */
  readonly deliveryAttemptsMax: number;
  /** Messages forwarded to the dead-letter topic since the server started. */
  readonly deadLettered: number;
  /** Streams that receive from it right now. */
  readonly openStreams: number;
  /** Pull requests that wait for a first message right now. */
  readonly waitingPulls: number;
}

/** The body of GET /stats. */
export interface ServerStatistics {
  /** Open TCP connections, whatever they speak. */
  readonly connections: number;
  readonly subscriptions: readonly SubscriptionStatistics[];
}

/** All subscriptions by name. Costs a walk over every backlog: for people, not for hot loops. */
export const serverStatistics = (
  broker: Broker,
  clock: Clock,
  connections: number,
): ServerStatistics => ({
  connections,
  subscriptions: [...broker.subscriptions.values()]
    .map(({ resource, dispatcher }) => {
      const { oldestPublishTime, ...counts } = dispatcher.state.statistics();
      return {
        name: resource.name,
        topic: resource.topic,
        ...counts,
        openStreams: dispatcher.streams,
        waitingPulls: dispatcher.waitingPulls,
        oldestUnackedSeconds:
          oldestPublishTime === undefined
            ? 0
            : Math.max(0, clock.now() - oldestPublishTime) / 1000,
      };
    })
    .sort((left, right) => (left.name < right.name ? -1 : 1)),
});
