import { durationMilliseconds, pubsub, type Subscription } from '../codecs.ts';
import type { DeliverySettings } from '../delivery/subscription-state.ts';
import { invalidArgument, unimplemented } from '../errors.ts';
import { checkName, DELETED_TOPIC } from './names.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** What UpdateSubscription may change; the filter and ordering are for life. */
export const mutableSubscriptionFields: ReadonlySet<string> = new Set([
  'ack_deadline_seconds',
  'bigquery_config',
  'bigtable_config',
  'cloud_storage_config',
  'dead_letter_policy',
  'dead_letter_policy.dead_letter_topic',
  'dead_letter_policy.max_delivery_attempts',
  'enable_exactly_once_delivery',
  'expiration_policy',
  'expiration_policy.ttl',
  'labels',
  'message_retention_duration',
  'message_transforms',
  'push_config',
  'push_config.attributes',
  'push_config.no_wrapper',
  'push_config.oidc_token',
  'push_config.pubsub_wrapper',
  'push_config.push_endpoint',
  'retain_acked_messages',
  'retry_policy',
  'retry_policy.maximum_backoff',
  'retry_policy.minimum_backoff',
]);

/** @throws PubSubError INVALID_ARGUMENT unless within 10 to 600 seconds. */
export const checkAckDeadline = (field: string, seconds: number): void => {
  if (seconds < 10 || seconds > 600)
    throw invalidArgument(
      `Invalid ${field} given: expected between 10 and 600 seconds, got: ${seconds}.`,
    );
};

/** @throws PubSubError INVALID_ARGUMENT unless 0 to 600 seconds. */
export const checkExtension = (seconds: number): void => {
  if (seconds < 0 || seconds > 600)
    throw invalidArgument(
      `Invalid ack_deadline_seconds given: expected between 0 and 600 seconds, got: ${seconds}.`,
    );
};

const checkSupported = (subscription: Subscription): void => {
  if (subscription.pushConfig?.pushEndpoint)
    throw unimplemented('push subscriptions');
  if (subscription.bigqueryConfig)
    throw unimplemented('BigQuery subscriptions');
  if (subscription.bigtableConfig)
    throw unimplemented('Bigtable subscriptions');
  if (subscription.cloudStorageConfig)
    throw unimplemented('Cloud Storage subscriptions');
  if (subscription.messageTransforms.length > 0)
    throw unimplemented('message transforms');
};

const completeRetryPolicy = (subscription: Subscription): void => {
  const { retryPolicy } = subscription;
  if (!retryPolicy) return;
  retryPolicy.minimumBackoff ??= { seconds: 10 };
  retryPolicy.maximumBackoff ??= { seconds: 600 };
  const minimum = durationMilliseconds(retryPolicy.minimumBackoff) ?? 0;
  const maximum = durationMilliseconds(retryPolicy.maximumBackoff) ?? 0;
  if (minimum < 0 || maximum > 600 * SECOND || minimum > maximum)
    throw invalidArgument(
      `Invalid retry_policy given: expected 0 s <= minimum_backoff <= maximum_backoff <= 600 s, got: ${minimum / SECOND} s and ${maximum / SECOND} s.`,
    );
};

const completeDeadLetterPolicy = (subscription: Subscription): void => {
  const { deadLetterPolicy } = subscription;
  if (!deadLetterPolicy) return;
  if (!deadLetterPolicy.deadLetterTopic)
    throw invalidArgument(
      'Invalid dead_letter_policy given: expected a dead_letter_topic, got none.',
    );
  deadLetterPolicy.maxDeliveryAttempts ||= 5;
  const attempts = deadLetterPolicy.maxDeliveryAttempts;
  if (attempts < 5 || attempts > 100)
    throw invalidArgument(
      `Invalid dead_letter_policy given: expected max_delivery_attempts between 5 and 100, got: ${attempts}.`,
    );
};

/**
 * A subscription's configuration checked and completed with the service's defaults
 * (ack deadline 10 s, retention 7 days, expiration 31 days, an empty push config).
 *
 * @throws PubSubError INVALID_ARGUMENT, or UNIMPLEMENTED for what would silently not happen here.
 */
export const validSubscription = (subscription: Subscription): Subscription => {
  checkName(subscription.name, 'subscriptions');
  if (subscription.topic !== DELETED_TOPIC)
    checkName(subscription.topic, 'topics');
  checkSupported(subscription);
  subscription.ackDeadlineSeconds ||= 10;
  checkAckDeadline('ack_deadline_seconds', subscription.ackDeadlineSeconds);
  subscription.messageRetentionDuration ??= { seconds: (7 * DAY) / SECOND };
  const retention =
    durationMilliseconds(subscription.messageRetentionDuration) ?? 0;
  if (retention < 10 * MINUTE || retention > 31 * DAY)
    throw invalidArgument(
      `Invalid message_retention_duration: expected between 10 minutes and 31 days, got: ${retention / SECOND} s.`,
    );
  subscription.expirationPolicy ??= { ttl: { seconds: (31 * DAY) / SECOND } };
  const timeToLive = durationMilliseconds(subscription.expirationPolicy.ttl);
  if (timeToLive !== undefined && timeToLive < DAY)
    throw invalidArgument(
      `Invalid expiration_policy given: expected a ttl of at least 1 day, got: ${timeToLive / SECOND} s.`,
    );
  completeRetryPolicy(subscription);
  completeDeadLetterPolicy(subscription);
  subscription.pushConfig ??= {};
  // Said by the service alone, whatever a client sends.
  subscription.detached = false;
  subscription.state = pubsub.Subscription.State.ACTIVE;
  return subscription;
};

/** What of a valid subscription the state machine needs to know. */
export const deliverySettings = (
  subscription: Subscription,
): DeliverySettings => ({
  ackDeadlineSeconds: subscription.ackDeadlineSeconds,
  messageOrdering: subscription.enableMessageOrdering,
  retryPolicy: subscription.retryPolicy
    ? {
        minimumBackoff:
          durationMilliseconds(subscription.retryPolicy.minimumBackoff) ?? 0,
        maximumBackoff:
          durationMilliseconds(subscription.retryPolicy.maximumBackoff) ?? 0,
      }
    : undefined,
  maxDeliveryAttempts:
    subscription.deadLetterPolicy?.maxDeliveryAttempts ?? undefined,
  exactlyOnce: subscription.enableExactlyOnceDelivery,
  retention:
    durationMilliseconds(subscription.messageRetentionDuration) ?? 7 * DAY,
  retainAcked: subscription.retainAckedMessages,
});
