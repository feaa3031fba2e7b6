import type { Broker } from './broker/broker.ts';

/** Counts of messages since the server started, over all subscriptions there are. */
export interface ServerActivity {
  /** By publishers and as dead letters; one message counts once, however many subscriptions it reaches. */
  readonly published: number;
  /** Handed to streams and pulls, once for each subscription and each time. */
  readonly delivered: number;
  /** Acknowledged, dead-lettered or past retention, once for each subscription. */
  readonly finished: number;
  /** Not acknowledged yet, once for each subscription. */
  readonly backlog: number;
}

/**
 * Subscriptions that were deleted take their part with them.
 *
 * @param firstMessageId of the first message since the server started: ids are given out without gaps
 */
export const serverActivity = (
  broker: Broker,
  firstMessageId: number,
): ServerActivity => {
  let delivered = 0;
  let finished = 0;
  let backlog = 0;
  for (const subscription of broker.subscriptions.values()) {
    delivered += subscription.dispatcher.delivered;
    finished += subscription.finished;
    backlog += subscription.dispatcher.state.backlog;
  }
  return {
    published: broker.nextMessageId - firstMessageId,
    delivered,
    finished,
    backlog,
  };
};
