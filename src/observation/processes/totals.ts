import type { Registry } from 'prom-client';

/** Counts of observations by the upper bound of their bucket in seconds, `+Inf` for the last; not cumulative. */
export type Buckets = Readonly<Record<string, number>>;

/** What a process has done since it started. */
export interface Totals {
  /** Messages acknowledged, duplicates included. */
  readonly messages: number;
  /** Messages whose handler failed, dead letters included. */
  readonly messagesFailed: number;
  readonly jobs: number;
  /** Attempts at jobs that failed. */
  readonly jobsFailed: number;
  /** Requests answered. */
  readonly requests: number;
  /** How long messages and jobs waited for their turn. */
  readonly waited: { readonly messages: Buckets; readonly jobs: Buckets };
  /** How long their handlers took. */
  readonly ran: { readonly messages: Buckets; readonly jobs: Buckets };
}

interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  readonly metricName?: string;
}

const valuesOf = async (
  registry: Registry,
  name: string,
): Promise<readonly Value[]> => {
  const metric = registry.getSingleMetric(name);
  return metric ? (await metric.get()).values : [];
};

const sum = (values: readonly Value[]): number =>
  values.reduce((total, { value }) => total + value, 0);

/** One histogram's buckets over all of its labels. Those of Prometheus are cumulative within a set of labels. */
const bucketsOf = (values: readonly Value[]): Buckets => {
  const buckets: Record<string, number> = {};
  let below = 0;
  for (const { value, labels, metricName } of values) {
    if (!metricName?.endsWith('_bucket')) {
      below = 0;
      continue;
    }
    const bound = String(labels.le);
    buckets[bound] = (buckets[bound] ?? 0) + value - below;
    below = bound === '+Inf' ? 0 : value;
  }
  return buckets;
};

/** Sums up what a registry has counted. */
export const readTotals = async (registry: Registry): Promise<Totals> => {
  const [messages, jobs, failures, requests, waits, runs, jobWaits, jobRuns] =
    await Promise.all(
      [
        'nightshift_host_messages_total',
        'job_completions_total',
        'job_failures_total',
        'nightshift_api_request_duration_seconds',
        'nightshift_host_queue_wait_seconds',
        'nightshift_host_handling_duration_seconds',
        'job_start_delay_seconds',
        'job_duration_seconds',
      ].map((name) => valuesOf(registry, name)),
    );
  const isGood = ({ labels: { outcome } }: Value) =>
    outcome === 'ack' || outcome === 'duplicate';
  return {
    messages: sum((messages ?? []).filter(isGood)),
    messagesFailed: sum((messages ?? []).filter((value) => !isGood(value))),
    jobs: sum(jobs ?? []),
    jobsFailed: sum(failures ?? []),
    requests: sum(
      (requests ?? []).filter(({ metricName }) =>
        metricName?.endsWith('_count'),
      ),
    ),
    waited: {
      messages: bucketsOf(waits ?? []),
      jobs: bucketsOf(jobWaits ?? []),
    },
    ran: { messages: bucketsOf(runs ?? []), jobs: bucketsOf(jobRuns ?? []) },
  };
};

const bucketsSince = (now: Buckets, before: Buckets): Buckets =>
  Object.fromEntries(
    Object.entries(now)
      .map(([bound, count]) => [bound, count - (before[bound] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );

/** What was done between two looks. */
export const totalsSince = (now: Totals, before: Totals): Totals => ({
  messages: now.messages - before.messages,
  messagesFailed: now.messagesFailed - before.messagesFailed,
  jobs: now.jobs - before.jobs,
  jobsFailed: now.jobsFailed - before.jobsFailed,
  requests: now.requests - before.requests,
  waited: {
    messages: bucketsSince(now.waited.messages, before.waited.messages),
    jobs: bucketsSince(now.waited.jobs, before.waited.jobs),
  },
  ran: {
    messages: bucketsSince(now.ran.messages, before.ran.messages),
    jobs: bucketsSince(now.ran.jobs, before.ran.jobs),
  },
});

const order = (bound: string): number =>
  bound === '+Inf' ? Infinity : Number(bound);

/**
 * The value that a share of the observations does not exceed, between the bounds of its bucket by its
 * place within; of the last bucket, the highest bound. `undefined` if there are none.
 *
 * @param share 0 to 1.
 */
export const quantile = (
  buckets: Buckets,
  share: number,
): number | undefined => {
  const sorted = Object.entries(buckets)
    .map(([bound, count]) => ({ bound: order(bound), count }))
    .sort((one, other) => one.bound - other.bound);
  const all = sorted.reduce((total, { count }) => total + count, 0);
  if (all === 0) return undefined;
  const wanted = all * share;
  let below = 0;
  let from = 0;
  for (const { bound, count } of sorted) {
    if (below + count >= wanted && count > 0)
      return bound === Infinity
        ? from
        : from + ((bound - from) * (wanted - below)) / count;
    below += count;
    if (bound !== Infinity) from = bound;
  }
  return from;
};

/** Adds up buckets. */
export const mergeBuckets = (all: readonly Buckets[]): Buckets => {
  const merged: Record<string, number> = {};
  for (const buckets of all)
    for (const [bound, count] of Object.entries(buckets))
      merged[bound] = (merged[bound] ?? 0) + count;
  return merged;
};
