import { hostname } from 'node:os';

import type { Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import type { Logger } from '../../logger.ts';
import { readServed } from './served.ts';
import { readTotals, totalsSince } from './totals.ts';

/** Milliseconds between two reports. */
export const reportInterval = 5_000;

const reportSql = `
  with report as (
    insert into process_report (id, name, host, pid, started_at, seen_at, subscriptions, flows)
    values ($1, $2, $3, $4, now(), now(), $9, $10)
    on conflict (id) do update set seen_at = now(), subscriptions = excluded.subscriptions
    returning id
  ), pruned as (
    delete from process_sample where process_id = $1 and at < now() - interval '1 hour'
  )
  insert into process_sample (process_id, at, seconds, counts, waited, ran)
  select id, clock_timestamp(), $5, $6, $7, $8 from report`;

/** Processes that are gone for a day, with their samples; a few at a time. */
const forgetSql = `
  delete from process_report where id in (
    select id from process_report where seen_at < now() - interval '1 day' limit 100)`;

export interface ReporterOptions {
  readonly con: DataSource;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Name of the process, such as `nightshift-background`. */
  readonly name: string;
  /** The flows, as `name@version`, whose tasks it runs. @default none */
  readonly flows?: readonly string[];
  /** Milliseconds between two reports. @default 5000 */
  readonly interval?: number;
}

/** A process that tells of itself. */
export interface Reporter {
  readonly id: string;
  /** Tells now what was done since the last report. */
  report(): Promise<void>;
  /** Says good-bye, so that nobody takes the process for killed. */
  stop(): Promise<void>;
}

/**
 * Writes down every few seconds what this process has done, from what its registry counts. A report that
 * fails is not missed: the next one holds its share.
 */
export const startReporting = ({
  con,
  registry,
  logger,
  name,
  flows = [],
  interval = reportInterval,
}: ReporterOptions): Reporter => {
  const id = uuidv7();
  let before: Awaited<ReturnType<typeof readTotals>> | undefined;
  let last = performance.now();
  const write = async (): Promise<void> => {
    const now = await readTotals(registry);
    const at = performance.now();
    // What was counted before the first look has no duration.
    const { waited, ran, ...counts } = totalsSince(now, before ?? now);
    await con.query(reportSql, [
      id,
      name,
      hostname(),
      process.pid,
      (at - last) / 1_000,
      JSON.stringify(counts),
      JSON.stringify(waited),
      JSON.stringify(ran),
      JSON.stringify(await readServed(registry)),
      flows,
    ]);
    before = now;
    last = at;
  };
  let running: Promise<void> = Promise.resolve();
  const report = (): Promise<void> => (running = running.then(write, write));
  const tell = (): void => {
    report().catch((error: unknown) =>
      logger.debug({ err: error }, 'this process could not tell of itself'),
    );
  };
  tell();
  con
    .query(forgetSql)
    .catch((error: unknown) =>
      logger.debug({ err: error }, 'could not forget processes that are gone'),
    );
  const timer = setInterval(tell, interval);
  timer.unref();
  return {
    id,
    report,
    stop: async () => {
      clearInterval(timer);
      await running.catch(() => undefined);
      await con
        .query('update process_report set stopped_at = now() where id = $1', [
          id,
        ])
        .catch(() => undefined);
    },
  };
};
