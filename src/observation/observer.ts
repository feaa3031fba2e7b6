import { Counter, Gauge, type Registry } from 'prom-client';
import type { DataSource } from 'typeorm';

import {
  brokerSamples,
  deadLetterSamples,
  flowSamples,
  queueSamples,
  type Sample,
  slotSamples,
  tableSamples,
} from './sources.ts';
import { Unconfirmed } from './unconfirmed.ts';

export interface ObserverOptions {
  readonly con: DataSource;
  /** `host:port` of a local server; without it the broker is not asked. */
  readonly emulatorHost: string | undefined;
  readonly registry: Registry;
  /** Milliseconds in which a second reader gets what the first one got. @default 5000 */
  readonly freshness?: number;
  /** The replication slot. @default 'nightshift_cdc' */
  readonly slot?: string;
}

const gauges: readonly (readonly [
  name: string,
  help: string,
  labels: readonly string[],
])[] = [
  [
    'nightshift_subscription_backlog',
    'Messages that are not acknowledged yet.',
    ['subscription'],
  ],
  [
    'nightshift_subscription_outstanding',
    'Messages that some consumer holds right now.',
    ['subscription'],
  ],
  [
    'nightshift_subscription_oldest_unacked_seconds',
    'Age of the oldest message that is not acknowledged.',
    ['subscription'],
  ],
  [
    'nightshift_subscription_delivery_attempts_max',
    'Most deliveries that any waiting message has had.',
    ['subscription'],
  ],
  [
    'nightshift_subscription_streams',
    'Streams that receive from it right now, of all processes.',
    ['subscription'],
  ],
  [
    'nightshift_cdc_slot_active',
    '1 while somebody reads the replication slot.',
    [],
  ],
  [
    'nightshift_cdc_slot_lag_bytes',
    'Log of the database that is not confirmed yet.',
    [],
  ],
  [
    'nightshift_cdc_slot_lag_seconds',
    'How long, at least, log of the database has not been confirmed.',
    [],
  ],
  [
    'nightshift_cdc_slot_retained_bytes',
    'Log of the database that the slot keeps on disk.',
    [],
  ],
  [
    'nightshift_outbox_oldest_seconds',
    'Age of the oldest row of the outbox; pruned after 7 days.',
    [],
  ],
  [
    'nightshift_inbox_rows',
    'Rows of the inbox, as Postgres estimates them.',
    [],
  ],
  [
    'nightshift_dead_letters_open',
    'Dead letters that wait for an operator, by the kind of their error.',
    ['source', 'subscription', 'fingerprint'],
  ],
  [
    'queue_depth',
    'Jobs that are not finished, by their state.',
    ['queue', 'job', 'state'],
  ],
  [
    'queue_oldest_due_seconds',
    'How long the oldest job that nobody has begun has been due.',
    ['queue'],
  ],
  [
    'queue_stuck_jobs',
    'Jobs that run longer than they may, up to 100.',
    ['queue'],
  ],
  [
    'flow_runs',
    'Runs of flows that have not ended, or failed, by their state.',
    ['flow', 'state'],
  ],
  [
    'flow_tasks',
    'Tasks of steps that have begun and not ended, by their state.',
    ['flow', 'state'],
  ],
  [
    'flow_runs_ended_last_hour',
    'Runs of flows that ended in the last hour, by how.',
    ['flow', 'state'],
  ],
  [
    'flow_run_duration_seconds',
    'How long runs took that completed in the last hour.',
    ['flow', 'quantile'],
  ],
];

/**
 * Adds to a registry what this process does not measure but look up: the broker's backlogs, the
 * replication slot, the tables of the event path. Looked up when somebody reads the metrics, at most
 * once in a while; a source that does not answer has no values then, and is counted.
 */
export const observeSystem = ({
  con,
  emulatorHost,
  registry,
  freshness = 5_000,
  slot,
}: ObserverOptions): void => {
  const failures = new Counter({
    name: 'nightshift_observation_failures_total',
    help: 'Times that a source of metrics did not answer.',
    labelNames: ['source'],
    registers: [registry],
  });
  const unconfirmed = new Unconfirmed();
  const sources: Readonly<Record<string, () => Promise<Sample[]>>> = {
    ...(emulatorHost !== undefined && {
      broker: () => brokerSamples(emulatorHost),
    }),
    slot: () => slotSamples(con, unconfirmed, slot),
    tables: () => tableSamples(con),
    dead_letters: () => deadLetterSamples(con),
    queues: () => queueSamples(con),
    flows: () => flowSamples(con),
  };
  const read = async (): Promise<Map<string, Sample[]>> => {
    const samples = await Promise.all(
      Object.entries(sources).map(async ([source, read]) => {
        try {
          return await read();
        } catch {
          failures.inc({ source });
          return [];
        }
      }),
    );
    return Map.groupBy(samples.flat(), ({ metric }) => metric);
  };
  let last = {
    at: -Infinity,
    samples: Promise.resolve(new Map()) as ReturnType<typeof read>,
  };
  const fresh = (): ReturnType<typeof read> => {
    if (performance.now() - last.at > freshness)
      last = { at: performance.now(), samples: read() };
    return last.samples;
  };
  for (const [name, help, labelNames] of gauges)
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      async collect() {
        const samples = (await fresh()).get(name) ?? [];
        this.reset();
        for (const { labels, value } of samples) this.set({ ...labels }, value);
      },
    });
};
