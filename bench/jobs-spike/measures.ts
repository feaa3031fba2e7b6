import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import { percentile, rounded } from '../host/statistics.ts';
import { type CandidateName, candidates } from './candidates.ts';
import { mostAtOnce, startCrew } from './crew.ts';
import type { Databases } from './databases.ts';
import type { Mode, NewJob, Store } from './port.ts';

const SLOTS = 16;
const FLOOD = 'flood';
const TENANTS = 100;
/** Of a handler in the flood, in milliseconds. */
const HANDLER = 5;
const LIMIT_SECONDS = 60;

const now = () => performance.timeOrigin + performance.now();

const enqueueAll = async (store: Store, jobs: readonly NewJob[]) => {
  for (let sent = 0; sent < jobs.length; sent += 5_000)
    await store.enqueue(jobs.slice(sent, sent + 5_000), true);
};

const flood = (count: number): NewJob[] =>
  Array.from({ length: count }, (_, number) => ({ number, tenant: FLOOD }));

const summary = (values: readonly number[]) => ({
  p50: rounded(percentile(values, 0.5)),
  p99: rounded(percentile(values, 0.99)),
  max: rounded(Math.max(...values)),
});

export interface FloodResult {
  readonly mostByEvents: number;
  readonly mostByTable: number;
  /** Of the small tenants' jobs, in milliseconds; null if not all of them started within the limit. */
  readonly waits: { p50: number; p99: number; max: number } | null;
  readonly smallStarted: number;
  /** In milliseconds. */
  readonly claim: { p50: number; p99: number; max: number };
  readonly jobsPerSecond: number;
}

/** A tenant's flood is being worked on; after a second, a hundred others bring a job each. */
export const measureFlood = (
  databases: Databases,
  candidate: CandidateName,
  mode: Mode,
  jobs: number,
): Promise<FloodResult> =>
  databases.use(candidate, 2, async ({ url, store, sql }) => {
    await enqueueAll(store, flood(jobs));
    await sql.query('vacuum analyze');
    const crew = await startCrew({
      candidate,
      url,
      mode,
      slots: SLOTS,
      handlerMilliseconds: HANDLER,
    });
    try {
      let mostByTable = 0;
      const sampling = new AbortController();
      const sampler = (async () => {
        while (!sampling.signal.aborted) {
          const { rows } = await sql.query<{ running: number }>(
            candidates[candidate].mostRunning,
          );
          mostByTable = Math.max(mostByTable, rows[0]?.running ?? 0);
          await delay(25);
        }
      })();
      crew.start();
      await delay(1_000);
      const small = Array.from({ length: TENANTS }, (_, index) => ({
        number: jobs + index,
        tenant: `small-${index}`,
      }));
      await store.enqueue(small, true);
      const committed = now();
      const smallRuns = () => crew.runs.filter(({ number }) => number >= jobs);
      const all = await crew.until(
        () => smallRuns().length === TENANTS,
        LIMIT_SECONDS,
      );
      // Enough claims at the cap for a race to show.
      const rest = committed + 4_000 - now();
      if (rest > 0) await delay(rest);
      const claims = await crew.stop();
      sampling.abort();
      await sampler;
      if (crew.runs.length <= TENANTS)
        throw new Error(
          `expected ${candidate} to work on the flood, but it ran ${crew.runs.length} jobs in all`,
        );
      const first = Math.min(...crew.runs.map(({ started }) => started));
      const last = Math.max(...crew.runs.map(({ settled }) => settled));
      return {
        mostByEvents: mostAtOnce(crew.runs),
        mostByTable,
        waits: all
          ? summary(
              smallRuns().map(({ started }) =>
                Math.max(0, started - committed),
              ),
            )
          : null,
        smallStarted: smallRuns().length,
        claim: summary(claims),
        jobsPerSecond: rounded((crew.runs.length / (last - first)) * 1_000),
      };
    } finally {
      await crew.kill();
    }
  });

/** @returns jobs a second from the first start to the last settle, handlers empty, no caps. */
export const measureDrain = (
  databases: Databases,
  candidate: CandidateName,
  jobs: number,
): Promise<number> =>
  databases.use(candidate, 2, async ({ url, store, sql }) => {
    await enqueueAll(store, flood(jobs));
    await sql.query('vacuum analyze');
    const crew = await startCrew({
      candidate,
      url,
      mode: 'open',
      slots: SLOTS,
      handlerMilliseconds: 0,
    });
    try {
      crew.start();
      if (!(await crew.until(() => crew.runs.length >= jobs, LIMIT_SECONDS)))
        throw new Error(
          `expected ${candidate} to run ${jobs} jobs within ${LIMIT_SECONDS} s, got ${crew.runs.length}`,
        );
      await crew.stop();
      const first = Math.min(...crew.runs.map(({ started }) => started));
      const last = Math.max(...crew.runs.map(({ settled }) => settled));
      return (crew.runs.length / (last - first)) * 1_000;
    } finally {
      await crew.kill();
    }
  });

/** @returns commits a second of single jobs over 8 connections, while two processes listen. */
export const measureEnqueue = (
  databases: Databases,
  candidate: CandidateName,
  notify: boolean,
  seconds: number,
): Promise<number> =>
  databases.use(candidate, 8, async ({ url, store }) => {
    const crew = await startCrew({
      candidate,
      url,
      mode: 'open',
      slots: SLOTS,
      handlerMilliseconds: 0,
    });
    try {
      let commits = 0;
      const begin = performance.now();
      const end = begin + seconds * 1_000;
      await Promise.all(
        Array.from({ length: 8 }, async (_, connection) => {
          const tenant = `tenant-${connection}`;
          while (performance.now() < end) {
            await store.enqueue([{ number: commits, tenant }], notify);
            commits += 1;
          }
        }),
      );
      const took = performance.now() - begin;
      await crew.stop();
      return (commits / took) * 1_000;
    } finally {
      await crew.kill();
    }
  });

/** From the answer to the commit until the handler begins, at 50 jobs a second; in milliseconds. */
export const measureLatency = (
  databases: Databases,
  candidate: CandidateName,
  seconds: number,
) =>
  databases.use(candidate, 2, async ({ url, store }) => {
    const crew = await startCrew({
      candidate,
      url,
      mode: 'open',
      slots: SLOTS,
      handlerMilliseconds: 0,
    });
    try {
      crew.start();
      const sent: number[] = [];
      const committed: number[] = [];
      const jobs = seconds * 50;
      const begin = now();
      for (let number = 0; number < jobs; number += 1) {
        const rest = begin + number * 20 - now();
        if (rest > 0) await delay(rest);
        sent.push(now());
        await store.enqueue(
          [{ number, tenant: `tenant-${number % 10}` }],
          true,
        );
        committed.push(now());
      }
      if (!(await crew.until(() => crew.runs.length >= jobs, LIMIT_SECONDS)))
        throw new Error(
          `expected ${jobs} jobs of ${candidate} to run, got ${crew.runs.length}`,
        );
      await crew.stop();
      // The first ones pay for connections and plans.
      const counted = crew.runs.filter(({ number }) => number >= 25);
      return {
        // A notification may be faster than the answer to whoever committed.
        fromCommit: summary(
          counted.map(({ number, started }) =>
            Math.max(0, started - (committed[number] ?? NaN)),
          ),
        ),
        fromSend: summary(
          counted.map(({ number, started }) => started - (sent[number] ?? NaN)),
        ),
      };
    } finally {
      await crew.kill();
    }
  });

const only = <Value>(values: readonly Value[]): Value => {
  const [value] = values;
  if (value === undefined || values.length !== 1)
    throw new Error(`expected one value, got ${values.length}`);
  return value;
};

/** Which errors are still there when a job has failed three times. */
export const measureErrors = (
  databases: Databases,
  candidate: CandidateName,
): Promise<string[]> =>
  databases.use(candidate, 2, async ({ store }) => {
    await store.enqueue([{ number: 0, tenant: 'one' }], true);
    let id = '';
    for (const error of ['first', 'second', 'third']) {
      const job = only(await store.claim(1, 'open'));
      ({ id } = job);
      await store.fail(job, error);
    }
    return store.errors(id);
  });

/** How many jobs the same key makes, in the end: at most one is what permanent keys promise. */
export const measureKeys = (databases: Databases, candidate: CandidateName) =>
  databases.use(candidate, 8, async ({ store }) => {
    const again = () =>
      store.enqueue([{ number: 0, tenant: 'one', key: 'order-1' }], true);
    const atOnce = (await Promise.all(Array.from({ length: 8 }, again))).reduce(
      (sum, written) => sum + written,
      0,
    );
    await store.complete([only(await store.claim(1, 'open'))]);
    const afterFinished = await again();
    await store.forgetFinished();
    const afterForgotten = await again();
    return { atOnce, afterFinished, afterForgotten };
  });
