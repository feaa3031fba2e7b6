/**
 * Every subscription, declared once. `pulumi up` creates these, the local Pub/Sub server is
 * provisioned from them, `nightshift doctor` compares the live broker with them, and the types of
 * the workers are made of them. This file imports nothing.
 */

/** Labels of every topic and subscription of this system: what carries them and is not declared is left over. */
export const ownLabels = { application: 'nightshift' } as const;

/** A duration as Google's API writes it, in seconds: `600s`. */
export type Duration = `${number}s`;

/** Options of a subscription, named as in the Pulumi resource `gcp.pubsub.Subscription`. */
export interface SubscriptionArgs {
  /** Seconds a delivery may stay unacknowledged between two extensions, 10 to 600. @default 60 */
  readonly ackDeadlineSeconds?: number;
  /** Deliver messages of one ordering key in order; the host handles them one at a time. @default false */
  readonly enableMessageOrdering?: boolean;
  /** @default false */
  readonly enableExactlyOnceDelivery?: boolean;
  /** Deliver only messages whose attributes match. Fixed at creation. */
  readonly filter?: string;
  /** How long an unacknowledged message is kept, 600s to 2678400s. @default '604800s' */
  readonly messageRetentionDuration?: Duration;
  /** Idle time after which the subscription deletes itself; '' is never. @default { ttl: '' } */
  readonly expirationPolicy?: { readonly ttl: Duration | '' };
  /** Delay before a nacked message comes again, growing between the two. @default 1s to 600s */
  readonly retryPolicy?: {
    readonly minimumBackoff: Duration;
    readonly maximumBackoff: Duration;
  };
  /** Where a message goes that failed for good. */
  readonly deadLetterPolicy?: {
    /** A bare topic name; whoever uses it adds the project. @default 'api.dead-letters' */
    readonly deadLetterTopic?: string;
    /**
     * Failures of the handler before the message is a dead letter. The broker, which counts
     * deliveries and not failures, is given four times this number (5 to 100). @default 5
     */
    readonly maxDeliveryAttempts?: number;
  };
}

export interface SubscriptionDeclaration {
  readonly topic: string;
  readonly subscription: string;
  readonly args?: SubscriptionArgs;
}

/** Served by `nightshift background`. */
export const workers = [
  { topic: 'post-upvoted', subscription: 'post-upvoted-rep' },
  { topic: 'post-upvote-canceled', subscription: 'post-upvote-canceled-rep' },
  { topic: 'comment-upvoted', subscription: 'comment-upvoted-rep' },
  {
    topic: 'comment-upvote-canceled',
    subscription: 'comment-upvote-canceled-rep',
  },
  {
    topic: 'post-upvoted',
    subscription: 'api.article-upvote-milestone-notification',
  },
  {
    topic: 'comment-commented',
    subscription: 'api.comment-reply-notification',
  },
  { topic: 'user-created', subscription: 'api.experiment-allocated' },
  { topic: 'post-viewed', subscription: 'api.post-views' },
  { topic: 'comment-changed', subscription: 'api.comment-markdown' },
  {
    topic: 'comment-created',
    subscription: 'api.article-comment-notification',
  },
  { topic: 'post-created', subscription: 'api.source-post-notification' },
  { topic: 'post-created', subscription: 'api.post-publication' },
  { topic: 'post-text-changed', subscription: 'api.post-search' },
  {
    topic: 'contact-changed',
    subscription: 'api.contact-sync',
    args: { enableMessageOrdering: true },
  },
  {
    topic: 'api.v1.new-notification',
    subscription: 'api.new-notification-real-time',
  },
  {
    topic: 'api.v1.new-notification',
    subscription: 'api.new-notification-push',
  },
  {
    topic: 'api.v1.new-notification',
    subscription: 'api.new-notification-mail',
  },
  {
    topic: 'gondul.v1.candidate-opportunity-match',
    subscription: 'api.store-candidate-opportunity-match',
  },
  {
    topic: 'api.changes',
    subscription: 'api-cdc',
    args: { enableMessageOrdering: true },
  },
  {
    topic: 'api.v1.cdc-notifications',
    subscription: 'api.cdc-notifications',
    args: { enableMessageOrdering: true },
  },
] as const satisfies readonly SubscriptionDeclaration[];

/** Served by `nightshift personalized-digest`. */
export const personalizedDigestWorkers = [
  {
    topic: 'api.v1.generate-personalized-digest',
    subscription: 'api.personalized-digest-email',
    args: {
      ackDeadlineSeconds: 120,
      deadLetterPolicy: { maxDeliveryAttempts: 5 },
    },
  },
] as const satisfies readonly SubscriptionDeclaration[];

/** A declaration with every default filled in, as a broker is configured. */
export interface ResolvedSubscription {
  readonly topic: string;
  readonly subscription: string;
  readonly ackDeadlineSeconds: number;
  readonly enableMessageOrdering: boolean;
  readonly enableExactlyOnceDelivery: boolean;
  readonly filter: string;
  readonly messageRetentionDuration: Duration;
  readonly expirationPolicy: { readonly ttl: Duration | '' };
  readonly retryPolicy: {
    readonly minimumBackoff: Duration;
    readonly maximumBackoff: Duration;
  };
  readonly deadLetterPolicy: {
    readonly deadLetterTopic: string;
    /** What the broker is told: deliveries. */
    readonly maxDeliveryAttempts: number;
  };
  /** What the host counts: failures of the handler. */
  readonly maxFailures: number;
}

/** The topic on which the broker leaves what kept crashing its process. */
export const deadLetterTopic = 'api.dead-letters';

/** Fills in the defaults of a declaration. */
export const resolveSubscription = ({
  topic,
  subscription,
  args = {},
}: SubscriptionDeclaration): ResolvedSubscription => {
  const maxFailures = args.deadLetterPolicy?.maxDeliveryAttempts ?? 5;
  return {
    topic,
    subscription,
    ackDeadlineSeconds: args.ackDeadlineSeconds ?? 60,
    enableMessageOrdering: args.enableMessageOrdering ?? false,
    enableExactlyOnceDelivery: args.enableExactlyOnceDelivery ?? false,
    filter: args.filter ?? '',
    messageRetentionDuration: args.messageRetentionDuration ?? '604800s',
    expirationPolicy: args.expirationPolicy ?? { ttl: '' },
    retryPolicy: args.retryPolicy ?? {
      minimumBackoff: '1s',
      maximumBackoff: '600s',
    },
    deadLetterPolicy: {
      deadLetterTopic:
        args.deadLetterPolicy?.deadLetterTopic ?? deadLetterTopic,
      maxDeliveryAttempts: Math.min(100, Math.max(5, 4 * maxFailures)),
    },
    maxFailures,
  };
};

/** Every subscription that has a worker, of whichever process. */
export const servedSubscriptions: readonly SubscriptionDeclaration[] = [
  ...workers,
  ...personalizedDigestWorkers,
];

/**
 * The subscription of each dead-letter topic, named after it. The background process drains them into
 * the desk. They have no dead-letter policy: what cannot be written down stays until it can.
 */
export const deadLetterSubscriptions = (
  declarations: readonly SubscriptionDeclaration[] = servedSubscriptions,
): SubscriptionDeclaration[] => {
  const topics = new Set([
    deadLetterTopic,
    ...declarations.map(
      (declaration) =>
        resolveSubscription(declaration).deadLetterPolicy.deadLetterTopic,
    ),
  ]);
  return [...topics].map((topic) => ({
    topic,
    subscription: `${topic}-desk`,
    args: { deadLetterPolicy: { deadLetterTopic: topic } },
  }));
};
