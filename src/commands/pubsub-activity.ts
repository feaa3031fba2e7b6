import type { ServerActivity } from '../pubsub-server/index.ts';

/** A second's worth of a difference of counters, which fall when a subscription is deleted. */
const rate = (now: number, before: number, seconds: number): string =>
  (Math.max(0, now - before) / seconds).toFixed(1);

/**
 * One line on what happened between two looks at a server; undefined if nothing did.
 *
 * @param seconds between them
 */
export const activityLine = (
  before: ServerActivity,
  now: ServerActivity,
  seconds: number,
): string | undefined => {
  const same =
    now.published === before.published &&
    now.delivered === before.delivered &&
    now.finished === before.finished &&
    now.backlog === before.backlog;
  if (same) return undefined;
  return [
    `published ${rate(now.published, before.published, seconds)}/s`,
    `delivered ${rate(now.delivered, before.delivered, seconds)}/s`,
    `acknowledged ${rate(now.finished, before.finished, seconds)}/s`,
    `backlog ${now.backlog}`,
  ].join('  ');
};
