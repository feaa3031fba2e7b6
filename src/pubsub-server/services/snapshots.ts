import { randomUUID } from 'node:crypto';

import type { Broker } from '../broker/broker.ts';
import { mergeMessages } from '../broker/message-log.ts';
import type { BrokerSubscription } from '../broker/subscription.ts';
import { pubsub, timestamp, timestampMilliseconds } from '../codecs.ts';
import { failedPrecondition, invalidArgument } from '../errors.ts';
import type { StoredMessage } from '../message.ts';
import {
  checkName,
  checkProject,
  DELETED_TOPIC,
  projectOf,
} from '../resources/names.ts';
import { page } from '../resources/paging.ts';
import { applyUpdateMask } from '../resources/update-mask.ts';
import { EMPTY, encode, type Method, serviceBuilder } from './method.ts';

const { reads, changes } = serviceBuilder('google.pubsub.v1.Subscriber');

const HOUR = 3_600_000;

/** A snapshot lives seven days less the age of the oldest message it keeps, by the API's reference. */
const SNAPSHOT_LIFE = 7 * 24 * HOUR;

/** What would not live this long is not made. */
const SHORTEST_LIFE = HOUR;

const mutableSnapshotFields: ReadonlySet<string> = new Set([
  'expire_time',
  'labels',
]);

const create = (
  broker: Broker,
  request: InstanceType<typeof pubsub.CreateSnapshotRequest>,
): Buffer => {
  const subscription = broker.subscription(request.subscription);
  subscription.checkAttached();
  const { topic } = subscription.resource;
  if (topic === DELETED_TOPIC)
    throw failedPrecondition(
      'Cannot create a snapshot of a subscription whose topic is deleted.',
    );
  const name =
    request.name ||
    `projects/${projectOf(request.subscription)}/snapshots/snapshot-${randomUUID()}`;
  checkName(name, 'snapshots');
  const now = broker.clock.now();
  const messages = Array.from(
    subscription.dispatcher.state.entries(),
    ({ message }) => message,
  );
  const oldest = messages[0]?.publishTime ?? now;
  const expiresAt = oldest + SNAPSHOT_LIFE;
  if (expiresAt - now < SHORTEST_LIFE)
    throw failedPrecondition(
      'Cannot create the snapshot: the backlog of the subscription is so old that it would expire within an hour.',
    );
  const { resource } = broker.createSnapshot(
    pubsub.Snapshot.create({
      name,
      topic,
      expireTime: timestamp(expiresAt),
      labels: request.labels,
    }),
    messages,
  );
  return encode(pubsub.Snapshot, resource);
};

const update = (
  broker: Broker,
  request: InstanceType<typeof pubsub.UpdateSnapshotRequest>,
): Buffer => {
  if (!request.snapshot)
    throw invalidArgument(
      'The snapshot in the UpdateSnapshotRequest must be set.',
    );
  const snapshot = broker.snapshot(request.snapshot.name ?? '');
  const updated = pubsub.Snapshot.create(snapshot.resource);
  applyUpdateMask(
    'Snapshot',
    mutableSnapshotFields,
    updated,
    pubsub.Snapshot.create(request.snapshot),
    request.updateMask?.paths ?? [],
  );
  const expiresAt = timestampMilliseconds(updated.expireTime);
  if (expiresAt === undefined || expiresAt <= broker.clock.now())
    throw invalidArgument(
      'Invalid expire_time given: expected a time in the future.',
    );
  broker.updateSnapshot(snapshot, updated);
  return encode(pubsub.Snapshot, updated);
};

/** What of everything still kept for a subscription was published at a moment or later. */
const publishedSince = (
  broker: Broker,
  { resource, dispatcher }: BrokerSubscription,
  since: number,
): StoredMessage[] =>
  mergeMessages(
    broker.topics.get(resource.topic)?.retained(broker.clock.now()) ?? [],
    dispatcher.state.retained(),
  ).filter(({ publishTime }) => publishTime >= since);

const seek = (
  broker: Broker,
  request: InstanceType<typeof pubsub.SeekRequest>,
): Buffer => {
  const subscription = broker.subscriptionInUse(request.subscription);
  const since = timestampMilliseconds(request.time);
  if (since !== undefined)
    broker.seek(subscription, publishedSince(broker, subscription, since));
  else if (request.snapshot) {
    const { resource, messages, topicIdentity } = broker.snapshot(
      request.snapshot,
    );
    // By name all deleted topics are the same.
    if (topicIdentity !== subscription.topicIdentity)
      throw invalidArgument(
        `Invalid snapshot given: expected one of the subscription's topic ${subscription.resource.topic}, got one of: ${resource.topic}.`,
      );
    broker.seek(subscription, messages);
  } else
    throw invalidArgument(
      'Invalid SeekRequest: expected a time or a snapshot, got neither.',
    );
  return encode(pubsub.SeekResponse, {});
};

/** What of google.pubsub.v1.Subscriber is about snapshots and seeking. */
export const snapshotMethods = (broker: Broker): readonly Method[] => [
  changes('CreateSnapshot', pubsub.CreateSnapshotRequest, (request) =>
    create(broker, request),
  ),
  reads('GetSnapshot', pubsub.GetSnapshotRequest, (request) =>
    encode(pubsub.Snapshot, broker.snapshot(request.snapshot).resource),
  ),
  changes('UpdateSnapshot', pubsub.UpdateSnapshotRequest, (request) =>
    update(broker, request),
  ),
  reads('ListSnapshots', pubsub.ListSnapshotsRequest, (request) => {
    checkProject(request.project);
    const prefix = `${request.project}/snapshots/`;
    const { items, nextPageToken } = page(
      [...broker.snapshots.values()]
        .map(({ resource }) => resource)
        .filter(({ name }) => name.startsWith(prefix)),
      ({ name }) => name,
      request.pageSize,
      request.pageToken,
    );
    return encode(pubsub.ListSnapshotsResponse, {
      snapshots: items,
      nextPageToken,
    });
  }),
  changes('DeleteSnapshot', pubsub.DeleteSnapshotRequest, (request) => {
    broker.deleteSnapshot(request.snapshot);
    return EMPTY;
  }),
  changes('Seek', pubsub.SeekRequest, (request) => seek(broker, request)),
];
