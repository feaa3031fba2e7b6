import { PubSub } from '@google-cloud/pubsub';

import {
  type ChaosSubscription,
  DEAD_LETTERS,
  innocents,
  poisonous,
  PROJECT,
} from './subscriptions.ts';

/** Seconds; the least that the service allows. */
export const ACK_DEADLINE = 10;

/** A client of the chaos stack's server. */
export const clientAt = (address: string): PubSub =>
  new PubSub({ projectId: PROJECT, apiEndpoint: address, emulatorMode: true });

/** Makes the topics and subscriptions of the chaos. */
export const provision = async (pubsub: PubSub): Promise<void> => {
  const subscriptions: readonly ChaosSubscription[] = [
    ...innocents,
    ...poisonous,
  ];
  const [deadLetters] = await pubsub.createTopic(DEAD_LETTERS.topic);
  await deadLetters.createSubscription(DEAD_LETTERS.subscription, {
    ackDeadlineSeconds: ACK_DEADLINE,
  });
  for (const name of new Set(subscriptions.map(({ topic }) => topic)))
    await pubsub.createTopic(name);
  for (const { topic, subscription, ordered, brokerAttempts } of subscriptions)
    await pubsub.topic(topic).createSubscription(subscription, {
      ackDeadlineSeconds: ACK_DEADLINE,
      enableMessageOrdering: ordered,
      retryPolicy: {
        minimumBackoff: { seconds: 1 },
        maximumBackoff: { seconds: 5 },
      },
      deadLetterPolicy: {
        deadLetterTopic: `projects/${PROJECT}/topics/${DEAD_LETTERS.topic}`,
        maxDeliveryAttempts: brokerAttempts,
      },
    });
};
