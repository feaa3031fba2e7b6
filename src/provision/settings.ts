import { ownLabels, type ResolvedSubscription } from '../../.infra/common.ts';

/** Labels of a topic or subscription, by key. */
export type Labels = Readonly<Record<string, string>>;

/**
 * What a subscription is configured with, in the same form for declarations and brokers. Names are bare, but those of
 * another project's topics.
 */
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

/** What a topic is configured with. */
export interface TopicSettings {
  /** Others than the declared ones are left alone. */
  readonly labels: Labels;
  /** Seconds for which it keeps published messages for subscriptions to seek to; `undefined` is not at all. */
  readonly messageRetentionSeconds: number | undefined;
  /** The schema that the broker holds messages to, which it then refuses; '' is none. */
  readonly schema: string;
}

/** The same for every topic of ours: events are validated here, and kept in the outbox. */
export const declaredTopicSettings: TopicSettings = {
  labels: ownLabels,
  messageRetentionSeconds: undefined,
  schema: '',
};

/** Settings that a subscription keeps for life. */
export const fixedSettings = [
  'topic',
  'filter',
  'enableMessageOrdering',
  'detached',
] as const satisfies readonly (keyof SubscriptionSettings)[];

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
