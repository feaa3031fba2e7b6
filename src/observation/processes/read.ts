import type { EntityManager } from 'typeorm';

import { silence } from './silence.ts';
import { type Buckets, mergeBuckets, quantile } from './totals.ts';

/** A process that runs, or was killed lately. */
export interface ProcessState {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Date;
  readonly seenAt: Date;
  /** Neither stopped nor heard of: killed, or cut off from the database. */
  readonly silent: boolean;
  /** A second, over the last minute. */
  readonly rates: Readonly<Record<Counted, number>>;
}

/** What processes count; see `Totals`. */
export const counted = [
  'messages',
  'messagesFailed',
  'jobs',
  'jobsFailed',
  'requests',
] as const;
export type Counted = (typeof counted)[number];

/** How long most things took, in seconds, over the last minutes. */
export interface Timing {
  readonly what: 'messages' | 'jobs';
  readonly of: 'waited' | 'ran';
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** What one process did, a second, in steps of 10 seconds. */
export interface ThroughputSeries {
  readonly processId: string;
  readonly values: readonly number[];
}

export interface ProcessesOverview {
  readonly processes: readonly ProcessState[];
  readonly timings: readonly Timing[];
  /** Moments of the series, the ends of their steps. */
  readonly times: readonly Date[];
  readonly series: readonly ThroughputSeries[];
}

const processesSql = `
  select p.id, p.name, p.host, p.pid, p.started_at as "startedAt", p.seen_at as "seenAt",
    p.seen_at < now() - make_interval(secs => $1) as silent,
    coalesce(sum(s.seconds), 0)::float8 as seconds,
    ${counted.map((name) => `coalesce(sum((s.counts ->> '${name}')::float8), 0)::float8 as "${name}"`).join(', ')}
  from process_report p
  left join process_sample s on s.process_id = p.id and s.at > now() - interval '1 minute'
  where p.stopped_at is null and p.seen_at > now() - interval '15 minutes'
  group by p.id order by p.name, p.started_at limit 100`;

const timingsSql = `
  select waited, ran from process_sample
  where at > now() - interval '5 minutes' order by at desc limit 5000`;

/** Seconds of a step, and steps shown. */
const step = 10;
const steps = 90;

const seriesSql = `
  select process_id as "processId",
    (extract(epoch from at) / ${step})::bigint::int as step,
    (sum((counts ->> 'messages')::float8 + (counts ->> 'jobs')::float8 + (counts ->> 'requests')::float8)
      / ${step})::float8 as rate
  from process_sample
  where at > now() - make_interval(secs => ${step * steps})
  group by process_id, step order by step limit 20000`;

type ProcessRow = Omit<ProcessState, 'rates'> & {
  readonly seconds: number;
} & Readonly<Record<Counted, number>>;

const ratesOf = (row: ProcessRow): ProcessState['rates'] =>
  Object.fromEntries(
    counted.map((name) => [
      name,
      row.seconds > 0 ? row[name] / row.seconds : 0,
    ]),
  ) as ProcessState['rates'];

interface TimingRow {
  readonly waited: Readonly<Record<'messages' | 'jobs', Buckets>>;
  readonly ran: Readonly<Record<'messages' | 'jobs', Buckets>>;
}

const timingsOf = (rows: readonly TimingRow[]): Timing[] =>
  (['messages', 'jobs'] as const).flatMap((what) =>
    (['waited', 'ran'] as const).map((of) => {
      const buckets = mergeBuckets(rows.map((row) => row[of][what]));
      return {
        what,
        of,
        count: Object.values(buckets).reduce((sum, count) => sum + count, 0),
        p50: quantile(buckets, 0.5) ?? null,
        p95: quantile(buckets, 0.95) ?? null,
        p99: quantile(buckets, 0.99) ?? null,
      };
    }),
  );

/** What the processes told of themselves lately. */
export const readProcesses = async (
  manager: EntityManager,
): Promise<ProcessesOverview> => {
  const rows = await manager.query<ProcessRow[]>(processesSql, [silence]);
  const timings = timingsOf(await manager.query<TimingRow[]>(timingsSql));
  const points =
    await manager.query<{ processId: string; step: number; rate: number }[]>(
      seriesSql,
    );
  // The step that has only begun would look like a fall.
  const newest = points.at(-1)?.step ?? Math.floor(Date.now() / 1_000 / step);
  const last = newest - 1;
  const first = last - steps + 1;
  const byProcess = Map.groupBy(points, ({ processId }) => processId);
  return {
    processes: rows.map(
      ({ id, name, host, pid, startedAt, seenAt, silent, ...row }) => ({
        id,
        name,
        host,
        pid,
        startedAt,
        seenAt,
        silent,
        rates: ratesOf(row as ProcessRow),
      }),
    ),
    timings,
    times: Array.from(
      { length: steps },
      (_, index) => new Date((first + index + 1) * step * 1_000),
    ),
    series: rows.map(({ id }) => {
      const rates = new Map(
        (byProcess.get(id) ?? []).map(({ step, rate }) => [step, rate]),
      );
      return {
        processId: id,
        values: Array.from(
          { length: steps },
          (_, index) => rates.get(first + index) ?? 0,
        ),
      };
    }),
  };
};
