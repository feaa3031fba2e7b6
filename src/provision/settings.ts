import type { CreateSubscriptionOptions } from '@google-cloud/pubsub';

import { ownLabels, type ResolvedSubscription } from '../../.infra/common.ts';

/** Labels of a topic or subscription, by key. */
export type Labels = Readonly<Record<string, string>>;

/** What a subscription is configured with, in the same form for declarations and brokers. Names are bare. */
export interface SubscriptionSettings {
  readonly ackDeadlineSeconds: number;
  readonly deadLetterPolicy:
    | { readonly topic: string; readonly maxDeliveryAttempts: number }
    | undefined;
  /** Cut off from its topic for good. */
  readonly detached: boolean;
  readonly enableExactlyOnceDelivery: boolean;
  readonly enableMessageOrdering: boolean;
  /** Idle seconds after which it deletes itself; `undefined` is never. */
  readonly expirationSeconds: number | undefined;
  readonly filter: string;
  /** Others than the declared ones are left alone. */
  readonly labels: Labels;
  readonly messageRetentionSeconds: number;
  /** Where the broker pushes messages; '' is pulled. */
  readonly pushEndpoint: string;
  readonly retainAckedMessages: boolean;
  readonly retryPolicy:
    | { readonly minimumSeconds: number; readonly maximumSeconds: number }
    | undefined;
  readonly topic: string;
}

/** Settings that a subscription keeps for life. */
export const fixedSettings = [
  'topic',
  'filter',
  'enableMessageOrdering',
  'detached',
] as const satisfies readonly (keyof SubscriptionSettings)[];

/** Idle seconds after which the service deletes a subscription that was created without a policy. */
const defaultExpirationSeconds = 31 * 24 * 60 * 60;
const defaultRetentionSeconds = 7 * 24 * 60 * 60;

/** `600s` → 600. */
const secondsOf = (duration: string): number => {
  const seconds = Number(/^(\d+(?:\.\d+)?)s$/.exec(duration)?.[1]);
  if (Number.isFinite(seconds)) return seconds;
  throw new RangeError(
    `expected a duration in seconds such as 600s, got: ${JSON.stringify(duration)}; mend .infra/common.ts`,
  );
};

/** The settings that a declaration asks for. @throws RangeError for a duration that is none. */
export const declaredSettings = (
  declaration: ResolvedSubscription,
): SubscriptionSettings => ({
  ackDeadlineSeconds: declaration.ackDeadlineSeconds,
  // A subscription of the dead-letter topic itself has no further place to leave messages.
  deadLetterPolicy:
    declaration.topic === declaration.deadLetterPolicy.deadLetterTopic
      ? undefined
      : {
          topic: declaration.deadLetterPolicy.deadLetterTopic,
          maxDeliveryAttempts: declaration.deadLetterPolicy.maxDeliveryAttempts,
        },
  detached: false,
  enableExactlyOnceDelivery: declaration.enableExactlyOnceDelivery,
  enableMessageOrdering: declaration.enableMessageOrdering,
  expirationSeconds:
    declaration.expirationPolicy.ttl === ''
      ? undefined
      : secondsOf(declaration.expirationPolicy.ttl),
  filter: declaration.filter,
  labels: ownLabels,
  messageRetentionSeconds: secondsOf(declaration.messageRetentionDuration),
  pushEndpoint: '',
  retainAckedMessages: false,
  retryPolicy: {
    minimumSeconds: secondsOf(declaration.retryPolicy.minimumBackoff),
    maximumSeconds: secondsOf(declaration.retryPolicy.maximumBackoff),
  },
  topic: declaration.topic,
});

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

/** The settings that a broker reports. */
export const liveSettings = (
  message: SubscriptionMessage,
): SubscriptionSettings => ({
  ackDeadlineSeconds: message.ackDeadlineSeconds || 10,
  deadLetterPolicy: message.deadLetterPolicy?.deadLetterTopic
    ? {
        topic: bareName(message.deadLetterPolicy.deadLetterTopic),
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
  topic: bareName(message.topic ?? ''),
});

const durationMessage = (seconds: number) => ({
  seconds: Math.trunc(seconds),
  nanos: Math.round((seconds % 1) * 1e9),
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
