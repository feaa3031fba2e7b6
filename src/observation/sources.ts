import type { DataSource, EntityManager } from 'typeorm';

import { readSlot } from '../cdc/slot.ts';
import { flowDepths } from '../flows/read/depth.ts';
import { queueDepths } from '../jobs/operate/depth.ts';
import { stuckJobs } from '../jobs/operate/trouble.ts';
import { readStatistics } from '../provision/statistics.ts';
import { positionOf } from './position.ts';
import type { Unconfirmed } from './unconfirmed.ts';

/** Milliseconds after which a query that only counts is given up. */
const STATEMENT_TIMEOUT = 2_000;

/** Dead letters are told apart by fingerprint up to this many; labels cost memory at whoever reads them. */
const FINGERPRINTS = 50;

/** One value of a metric with its labels. */
export interface Sample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const sample = (
  metric: string,
  value: number,
  labels: Sample['labels'] = {},
): Sample => ({ metric, labels, value });

const counting = <Result>(
  con: DataSource,
  read: (manager: EntityManager) => Promise<Result>,
): Promise<Result> =>
  con.transaction(async (manager) => {
    await manager.query(`select set_config('statement_timeout', $1, true)`, [
      String(STATEMENT_TIMEOUT),
    ]);
    return read(manager);
  });

/** What the broker says of every subscription; Google's service says it in Cloud Monitoring. */
export const brokerSamples = async (
  emulatorHost: string,
): Promise<Sample[]> => {
  const rows = await readStatistics(emulatorHost);
  return rows.flatMap((row) => {
    const labels = { subscription: row.name };
    return [
      sample('nightshift_subscription_backlog', row.backlog, labels),
      sample('nightshift_subscription_outstanding', row.outstanding, labels),
      sample(
        'nightshift_subscription_oldest_unacked_seconds',
        row.oldestUnackedSeconds,
        labels,
      ),
      sample(
        'nightshift_subscription_delivery_attempts_max',
        row.deliveryAttemptsMax,
        labels,
      ),
      sample('nightshift_subscription_streams', row.openStreams, labels),
    ];
  });
};

/**
 * How far change data capture is behind, as the slot tells; nothing without a slot.
 *
 * @param unconfirmed remembers what it was told by earlier calls.
 */
export const slotSamples = (
  con: DataSource,
  unconfirmed: Unconfirmed,
  slotName?: string,
): Promise<Sample[]> =>
  counting(con, async (manager) => {
    const slot = await readSlot(
      (text, values) => manager.query(text, [...values]),
      slotName,
    );
    if (!slot || slot.database !== slot.currentDatabase) return [];
    const confirmed = positionOf(slot.confirmedLsn ?? '0/0');
    const end = confirmed + BigInt(Math.max(0, slot.lagBytes));
    return [
      sample(
        'nightshift_cdc_slot_lag_seconds',
        unconfirmed.look(end, confirmed),
      ),
      sample('nightshift_cdc_slot_active', slot.active ? 1 : 0),
      sample('nightshift_cdc_slot_lag_bytes', slot.lagBytes),
      sample('nightshift_cdc_slot_retained_bytes', slot.retainedBytes),
    ];
  });

/** What stands in the tables of the event path. */
export const tableSamples = (con: DataSource): Promise<Sample[]> =>
  counting(con, async (manager) => {
    const [row] = await manager.query<
      { oldest: number | null; inbox: number }[]
    >(
      `select
         extract(epoch from now() - (select min(created_at) from outbox))::float8 as oldest,
         (select greatest(reltuples, 0) from pg_class where oid = 'inbox'::regclass)::float8 as inbox`,
    );
    return [
      sample('nightshift_outbox_oldest_seconds', row?.oldest ?? 0),
      sample('nightshift_inbox_rows', row?.inbox ?? 0),
    ];
  });

/** What stands open at the dead-letter desk, the most frequent errors told apart. */
export const deadLetterSamples = (con: DataSource): Promise<Sample[]> =>
  counting(con, async (manager) => {
    const rows = await manager.query<
      {
        source: string;
        subscription: string;
        fingerprint: string;
        count: number;
      }[]
    >(
      `select source, subscription, fingerprint, sum(entries)::int as count
       from dead_letter_tally where state = 'open'
       group by source, subscription, fingerprint having sum(entries) > 0 order by count desc, fingerprint`,
    );
    const told = rows.slice(0, FINGERPRINTS);
    const others = rows
      .slice(FINGERPRINTS)
      .reduce((sum, { count }) => sum + count, 0);
    return [
      ...told.map(({ count, ...labels }) =>
        sample('nightshift_dead_letters_open', count, labels),
      ),
      ...(others > 0
        ? [
            sample('nightshift_dead_letters_open', others, {
              source: 'others',
              subscription: 'others',
              fingerprint: 'others',
            }),
          ]
        : []),
    ];
  });

/** What waits in the queues of jobs. */
export const queueSamples = (con: DataSource): Promise<Sample[]> =>
  counting(con, async (manager) => {
    const depths = await queueDepths(manager);
    const stuck = await stuckJobs(manager);
    return [
      ...depths.flatMap(({ queue, job, ...counts }) =>
        (['pending', 'scheduled', 'running', 'failed'] as const).map((state) =>
          sample('queue_depth', counts[state], { queue, job, state }),
        ),
      ),
      ...[...Map.groupBy(depths, ({ queue }) => queue)].map(([queue, of]) =>
        sample(
          'queue_oldest_due_seconds',
          Math.max(...of.map(({ oldestDueSeconds }) => oldestDueSeconds)),
          { queue },
        ),
      ),
      ...[...Map.groupBy(stuck, ({ queue }) => queue)].map(([queue, jobs]) =>
        sample('queue_stuck_jobs', jobs.length, { queue }),
      ),
    ];
  });

/** What of flows is unfinished, and how long those took that ended. */
export const flowSamples = (con: DataSource): Promise<Sample[]> =>
  counting(con, async (manager) => {
    const depths = await flowDepths(manager);
    const byState = (
      metric: string,
      flow: string,
      counts: Readonly<Record<string, number>>,
    ) =>
      Object.entries(counts).map(([state, count]) =>
        sample(metric, count, { flow, state }),
      );
    return depths.flatMap(({ flow, runs, tasks, ended, duration }) => [
      ...byState('flow_runs', flow, runs),
      ...byState('flow_tasks', flow, tasks),
      ...byState('flow_runs_ended_last_hour', flow, ended),
      ...(duration
        ? [
            sample('flow_run_duration_seconds', duration.median, {
              flow,
              quantile: '0.5',
            }),
            sample('flow_run_duration_seconds', duration.p95, {
              flow,
              quantile: '0.95',
            }),
          ]
        : []),
    ]);
  });
