import type { Broker } from '../broker/broker.ts';
import { timestampMilliseconds } from '../codecs.ts';
import { projectOf, shortName } from '../resources/names.ts';
import type { SubscriptionStatistics } from '../statistics.ts';

/** What there is in one server, a list a kind of resource; every list is in the order of full names. */
export interface ServerOverview {
  /** host:port */
  readonly address: string;
  /** Where what is acknowledged is kept, in words. */
  readonly storage: string;
  readonly topics: readonly {
    readonly project: string;
    readonly topic: string;
    readonly subscriptions: number;
  }[];
  readonly subscriptions: readonly {
    readonly project: string;
    readonly subscription: string;
    readonly topic: string;
    readonly backlog: number;
    readonly outstanding: number;
    readonly oldestUnackedSeconds: number;
  }[];
  readonly snapshots: readonly {
    readonly project: string;
    readonly snapshot: string;
    readonly topic: string;
    /** RFC 3339 */
    readonly expires: string;
  }[];
}

const byName = <T extends { resource: { name: string } }>(
  resources: Iterable<T>,
): T[] =>
  [...resources].sort((left, right) =>
    left.resource.name < right.resource.name ? -1 : 1,
  );

/** @param statistics of all subscriptions, by name */
export const serverOverview = (
  broker: Broker,
  statistics: readonly SubscriptionStatistics[],
  address: string,
  storage: string,
): ServerOverview => ({
  address,
  storage,
  topics: byName(broker.topics.values()).map(({ resource, subscriptions }) => ({
    project: projectOf(resource.name),
    topic: shortName(resource.name),
    subscriptions: subscriptions.size,
  })),
  subscriptions: statistics.map(
    ({ name, topic, backlog, outstanding, oldestUnackedSeconds }) => ({
      project: projectOf(name),
      subscription: shortName(name),
      topic: shortName(topic),
      backlog,
      outstanding,
      oldestUnackedSeconds,
    }),
  ),
  snapshots: byName(broker.snapshots.values()).map(({ resource }) => ({
    project: projectOf(resource.name),
    snapshot: shortName(resource.name),
    topic: shortName(resource.topic),
    expires: new Date(
      timestampMilliseconds(resource.expireTime) ?? 0,
    ).toISOString(),
  })),
});
