import { durationMilliseconds, pubsub, type Topic } from '../codecs.ts';
import { invalidArgument, unimplemented } from '../errors.ts';
import { checkName } from './names.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** What UpdateTopic may change. */
export const mutableTopicFields: ReadonlySet<string> = new Set([
  'labels',
  'message_storage_policy',
  'message_storage_policy.allowed_persistence_regions',
  'message_storage_policy.enforce_in_transit',
  'message_retention_duration',
]);

/**
 * A topic's configuration checked and completed as the service does it.
 *
 * @throws PubSubError INVALID_ARGUMENT, or UNIMPLEMENTED for what would silently not happen here.
 */
export const validTopic = (topic: Topic): Topic => {
  checkName(topic.name, 'topics');
  if (topic.schemaSettings) throw unimplemented('schemas on topics');
  if (topic.ingestionDataSourceSettings)
    throw unimplemented('ingestion from other sources');
  if (topic.messageTransforms.length > 0)
    throw unimplemented('message transforms');
  const retention = durationMilliseconds(topic.messageRetentionDuration);
  if (
    retention !== undefined &&
    (retention < 10 * MINUTE || retention > 31 * DAY)
  )
    throw invalidArgument(
      `Invalid message_retention_duration: expected between 10 minutes and 31 days, got: ${retention / 1000} s.`,
    );
  topic.state = pubsub.Topic.State.ACTIVE;
  return topic;
};
