import {
  deadLetterSubscriptions,
  type ResolvedSubscription,
  resolveSubscription,
  servedSubscriptions,
} from '../common.ts';
import {
  labelsOf,
  type PlannedTopic,
  type Resource,
  type StackSettings,
} from './resource.ts';

/** Subscriptions of workers and of dead-letter topics, defaults filled in. */
export const allSubscriptions = (): ResolvedSubscription[] =>
  [...servedSubscriptions, ...deadLetterSubscriptions()].map(
    resolveSubscription,
  );

const deadLetterTopics = (): Set<string> =>
  new Set(
    allSubscriptions().map(
      ({ deadLetterPolicy }) => deadLetterPolicy.deadLetterTopic,
    ),
  );

const topicResources = (
  settings: StackSettings,
  topics: readonly PlannedTopic[],
): Resource[] =>
  topics.map(({ name, origin }) =>
    origin === 'foreign' ||
    (!settings.createTopics && !deadLetterTopics().has(name))
      ? {
          type: 'lookup',
          name,
          args: {
            name,
            project:
              origin === 'foreign' ? settings.foreignProject : settings.project,
          },
        }
      : {
          type: 'gcp.pubsub.Topic',
          name,
          args: { name, labels: labelsOf(settings) },
        },
  );

/** Whoever moves a message to its dead-letter topic acks it on its subscription. */
const deadLetterGrants = (
  settings: StackSettings,
  { subscription, deadLetterPolicy }: ResolvedSubscription,
): Resource[] => {
  const member = `serviceAccount:service-${settings.projectNumber}@gcp-sa-pubsub.iam.gserviceaccount.com`;
  return [
    {
      type: 'gcp.pubsub.TopicIAMMember',
      name: `dead-letter-publisher-${subscription}`,
      args: {
        topic: deadLetterPolicy.deadLetterTopic,
        role: 'roles/pubsub.publisher',
        member,
      },
    },
    {
      type: 'gcp.pubsub.SubscriptionIAMMember',
      name: `dead-letter-subscriber-${subscription}`,
      args: { subscription, role: 'roles/pubsub.subscriber', member },
    },
  ];
};

const subscriptionResources = (
  settings: StackSettings,
  declared: ResolvedSubscription,
  foreign: boolean,
): Resource[] => {
  const { subscription, topic, deadLetterPolicy } = declared;
  const ends = topic === deadLetterPolicy.deadLetterTopic;
  const subscriptionResource: Resource = {
    type: 'gcp.pubsub.Subscription',
    name: subscription,
    args: {
      name: subscription,
      topic: `projects/${foreign ? settings.foreignProject : settings.project}/topics/${topic}`,
      ackDeadlineSeconds: declared.ackDeadlineSeconds,
      enableMessageOrdering: declared.enableMessageOrdering,
      enableExactlyOnceDelivery: declared.enableExactlyOnceDelivery,
      filter: declared.filter,
      messageRetentionDuration: declared.messageRetentionDuration,
      expirationPolicy: declared.expirationPolicy,
      retryPolicy: declared.retryPolicy,
      labels: labelsOf(settings),
      ...(ends
        ? {}
        : {
            deadLetterPolicy: {
              deadLetterTopic: `projects/${settings.project}/topics/${deadLetterPolicy.deadLetterTopic}`,
              maxDeliveryAttempts: deadLetterPolicy.maxDeliveryAttempts,
            },
          }),
    },
  };
  return ends
    ? [subscriptionResource]
    : [subscriptionResource, ...deadLetterGrants(settings, declared)];
};

/** Topics, subscriptions, and what Pub/Sub's service agent may do for dead-lettering. */
export const messaging = (
  settings: StackSettings,
  topics: readonly PlannedTopic[],
): Resource[] => {
  const foreign = new Set(
    topics.filter(({ origin }) => origin === 'foreign').map(({ name }) => name),
  );
  return [
    ...topicResources(settings, topics),
    ...allSubscriptions().flatMap((declared) =>
      subscriptionResources(settings, declared, foreign.has(declared.topic)),
    ),
  ];
};
