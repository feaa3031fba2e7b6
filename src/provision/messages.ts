import type { CreateSubscriptionOptions } from '@google-cloud/pubsub';

import type {
  Labels,
  SubscriptionSettings,
  TopicSettings,
} from './settings.ts';

/** Idle seconds after which the service deletes a subscription that was created without a policy. */
const defaultExpirationSeconds = 31 * 24 * 60 * 60;
const defaultRetentionSeconds = 7 * 24 * 60 * 60;

/** google.protobuf.Duration as the client decodes it. */
interface DurationMessage {
  readonly seconds?: number | string | { toNumber(): number } | null;
  readonly nanos?: number | null;
}

/** google.pubsub.v1.Subscription as the client decodes it; unset fields are null or absent. */
export interface SubscriptionMessage {
  readonly name?: string | null;
  readonly topic?: string | null;
  readonly detached?: boolean | null;
  readonly labels?: Labels | null;
  readonly pushConfig?: { readonly pushEndpoint?: string | null } | null;
  readonly retainAckedMessages?: boolean | null;
  readonly ackDeadlineSeconds?: number | null;
  readonly messageRetentionDuration?: DurationMessage | null;
  readonly enableMessageOrdering?: boolean | null;
  readonly expirationPolicy?: { readonly ttl?: DurationMessage | null } | null;
  readonly filter?: string | null;
  readonly deadLetterPolicy?: {
    readonly deadLetterTopic?: string | null;
    readonly maxDeliveryAttempts?: number | null;
  } | null;
  readonly retryPolicy?: {
    readonly minimumBackoff?: DurationMessage | null;
    readonly maximumBackoff?: DurationMessage | null;
  } | null;
  readonly enableExactlyOnceDelivery?: boolean | null;
}

const wholeSeconds = ({ seconds }: DurationMessage): number =>
  typeof seconds === 'object'
    ? (seconds?.toNumber() ?? 0)
    : Number(seconds ?? 0);

const secondsIn = (
  duration: DurationMessage | null | undefined,
  otherwise: number,
): number =>
  duration ? wholeSeconds(duration) + (duration.nanos ?? 0) / 1e9 : otherwise;

/** `projects/p/topics/t` → `t`. */
export const bareName = (name: string): string =>
  name.slice(name.lastIndexOf('/') + 1);

/** The same for a topic of the project; one of another project keeps its whole name. */
const topicName = (project: string, name: string): string =>
  name.startsWith('projects/') && !name.startsWith(`projects/${project}/`)
    ? name
    : bareName(name);

/** google.pubsub.v1.Topic as the client decodes it. */
export interface TopicMessage {
  readonly labels?: Labels | null;
  readonly messageRetentionDuration?: DurationMessage | null;
  readonly schemaSettings?: { readonly schema?: string | null } | null;
}

/** The settings of a topic that a broker reports. */
export const liveTopicSettings = (message: TopicMessage): TopicSettings => ({
  labels: { ...message.labels },
  messageRetentionSeconds: message.messageRetentionDuration
    ? secondsIn(message.messageRetentionDuration, 0)
    : undefined,
  schema: message.schemaSettings?.schema ?? '',
});

/**
 * The settings of a subscription that a broker reports.
 *
 * @param project Id of the subscription's project.
 */
export const liveSettings = (
  project: string,
  message: SubscriptionMessage,
): SubscriptionSettings => ({
  ackDeadlineSeconds: message.ackDeadlineSeconds || 10,
  deadLetterPolicy: message.deadLetterPolicy?.deadLetterTopic
    ? {
        topic: topicName(project, message.deadLetterPolicy.deadLetterTopic),
        maxDeliveryAttempts: message.deadLetterPolicy.maxDeliveryAttempts || 5,
      }
    : undefined,
  detached: message.detached ?? false,
  enableExactlyOnceDelivery: message.enableExactlyOnceDelivery ?? false,
  enableMessageOrdering: message.enableMessageOrdering ?? false,
  expirationSeconds: message.expirationPolicy
    ? message.expirationPolicy.ttl
      ? secondsIn(message.expirationPolicy.ttl, 0)
      : undefined
    : defaultExpirationSeconds,
  filter: message.filter ?? '',
  labels: { ...message.labels },
  messageRetentionSeconds: secondsIn(
    message.messageRetentionDuration,
    defaultRetentionSeconds,
  ),
  pushEndpoint: message.pushConfig?.pushEndpoint ?? '',
  retainAckedMessages: message.retainAckedMessages ?? false,
  retryPolicy: message.retryPolicy
    ? {
        minimumSeconds: secondsIn(message.retryPolicy.minimumBackoff, 10),
        maximumSeconds: secondsIn(message.retryPolicy.maximumBackoff, 600),
      }
    : undefined,
  topic: topicName(project, message.topic ?? ''),
});

const durationMessage = (seconds: number) => ({
  seconds: Math.trunc(seconds),
  nanos: Math.round((seconds % 1) * 1e9),
});

/** Settings of a topic as the client's update takes them; the keys name the field mask. */
export const topicMetadata = (
  settings: Partial<TopicSettings>,
): Record<string, unknown> => ({
  ...('labels' in settings && { labels: settings.labels }),
  ...('messageRetentionSeconds' in settings && {
    messageRetentionDuration:
      settings.messageRetentionSeconds === undefined
        ? null
        : durationMessage(settings.messageRetentionSeconds),
  }),
  ...('schema' in settings && {
    schemaSettings: settings.schema ? { schema: settings.schema } : null,
  }),
});

type Metadata = Omit<CreateSubscriptionOptions, 'flowControl' | 'gaxOpts'>;

/**
 * Settings as the client's requests take them. The keys of the result name the field mask of an
 * update, so a setting that is to be cleared is there with `null`.
 *
 * @param project Id of the project that holds the dead-letter topic.
 */
export const requestMetadata = (
  project: string,
  settings: Partial<SubscriptionSettings>,
): Metadata => {
  const metadata: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings))
    switch (name as keyof SubscriptionSettings) {
      case 'deadLetterPolicy':
        metadata.deadLetterPolicy = settings.deadLetterPolicy
          ? {
              deadLetterTopic: `projects/${project}/topics/${settings.deadLetterPolicy.topic}`,
              maxDeliveryAttempts:
                settings.deadLetterPolicy.maxDeliveryAttempts,
            }
          : null;
        break;
      case 'expirationSeconds':
        metadata.expirationPolicy =
          settings.expirationSeconds === undefined
            ? {}
            : { ttl: durationMessage(settings.expirationSeconds) };
        break;
      case 'messageRetentionSeconds':
        metadata.messageRetentionDuration = durationMessage(
          settings.messageRetentionSeconds!,
        );
        break;
      case 'retryPolicy':
        metadata.retryPolicy = settings.retryPolicy
          ? {
              minimumBackoff: durationMessage(
                settings.retryPolicy.minimumSeconds,
              ),
              maximumBackoff: durationMessage(
                settings.retryPolicy.maximumSeconds,
              ),
            }
          : null;
        break;
      case 'pushEndpoint':
        metadata.pushConfig = settings.pushEndpoint
          ? { pushEndpoint: settings.pushEndpoint }
          : {};
        break;
      case 'topic':
      case 'detached':
        break;
      case 'ackDeadlineSeconds':
      case 'enableExactlyOnceDelivery':
      case 'enableMessageOrdering':
      case 'filter':
      case 'labels':
      case 'retainAckedMessages':
        metadata[name] = value;
    }
  return metadata;
};
