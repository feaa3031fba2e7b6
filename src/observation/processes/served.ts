import type { Registry } from 'prom-client';

/** What a process has done for one subscription since it started. */
export interface Served {
  /** Acknowledged, duplicates included. */
  readonly handled: number;
  /** Failures, dead letters included. */
  readonly failed: number;
  /** Handlers that run now. */
  readonly running: number;
  /** Times that its stream ended and was opened again. */
  readonly reopenings: number;
}

const sources = {
  nightshift_host_messages_total: (outcome: unknown): keyof Served =>
    outcome === 'ack' || outcome === 'duplicate' ? 'handled' : 'failed',
  nightshift_host_in_flight: (): keyof Served => 'running',
  nightshift_host_stream_reopenings_total: (): keyof Served => 'reopenings',
};

const nothing: Served = { handled: 0, failed: 0, running: 0, reopenings: 0 };

/** Sums up by subscription what a registry has counted; subscriptions that are not served are not there. */
export const readServed = async (
  registry: Registry,
): Promise<Readonly<Record<string, Served>>> => {
  const served: Record<string, Record<keyof Served, number>> = {};
  for (const [metric, columnOf] of Object.entries(sources)) {
    const found = await registry.getSingleMetric(metric)?.get();
    for (const { labels, value } of found?.values ?? []) {
      const row = (served[String(labels.subscription)] ??= { ...nothing });
      row[columnOf(labels.outcome)] += value;
    }
  }
  return served;
};
