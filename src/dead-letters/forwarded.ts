/** Attributes that the broker adds to what it leaves on a dead-letter topic. */
const prefix = 'CloudPubSubDeadLetterSource';

/**
 * Where a message on a dead-letter topic comes from, as the attributes say that the broker added:
 * https://cloud.google.com/pubsub/docs/handling-failures#how_dead_letter_topics_work
 */
export interface ForwardedFrom {
  readonly subscription: string;
  /** How often it was delivered. */
  readonly deliveries: number;
  /** When it was published on its own topic; `undefined` if the broker does not tell. */
  readonly publishTime: Date | undefined;
  /** As it was published on its own topic. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Reads the broker's attributes; `undefined` if somebody else published the message. */
export const forwardedFrom = (
  attributes: Readonly<Record<string, string>>,
): ForwardedFrom | undefined => {
  const subscription = attributes[`${prefix}Subscription`];
  if (!subscription) return undefined;
  const deliveries = Number(attributes[`${prefix}DeliveryCount`]);
  const publishTime = new Date(
    attributes[`${prefix}TopicPublishTime`] ?? Number.NaN,
  );
  return {
    subscription,
    deliveries:
      Number.isSafeInteger(deliveries) &&
      deliveries >= 0 &&
      deliveries < 2 ** 31
        ? deliveries
        : 0,
    publishTime: Number.isNaN(publishTime.getTime()) ? undefined : publishTime,
    attributes: Object.fromEntries(
      Object.entries(attributes).filter(([name]) => !name.startsWith(prefix)),
    ),
  };
};
