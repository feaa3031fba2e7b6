import { setTimeout as delay } from 'node:timers/promises';

import { percentile } from '../host/statistics.ts';
import type { Contender } from './contender.ts';

const perSecond = (count: number, since: number): number =>
  Math.round((count / (performance.now() - since)) * 1_000);

const numbers = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, index) => from + index);

/** Jobs created one by one over 8 connections, a second. */
export const addSingly = async (
  contender: Contender,
  count: number,
): Promise<number> => {
  const since = performance.now();
  const left = numbers(count);
  await Promise.all(
    numbers(8).map(async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop())
        await contender.add(next);
    }),
  );
  return perSecond(count, since);
};

/** Jobs created a thousand at once, a second. */
export const addInBulk = async (
  contender: Contender,
  count: number,
): Promise<number> => {
  const since = performance.now();
  for (let from = 0; from < count; from += 1_000)
    await contender.addMany(numbers(Math.min(1_000, count - from), from));
  return perSecond(count, since);
};

/** Jobs that wait, run by one process, a second; what it did not finish in time does not count. */
export const drain = async (
  contender: Contender,
  count: number,
  concurrency: number,
  limitSeconds = 60,
): Promise<number> => {
  const seen = new Set<number>();
  const all = Promise.withResolvers<void>();
  const since = performance.now();
  const worker = await contender.work(concurrency, (number) => {
    seen.add(number);
    if (seen.size === count) all.resolve();
  });
  await Promise.race([all.promise, delay(limitSeconds * 1_000)]);
  const rate = perSecond(seen.size, since);
  await worker.stop();
  return rate;
};

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

export interface Latencies {
  /** From when whoever created it heard of the commit; a job may start before, which counts as 0. */
  readonly fromCommit: Latency;
  /** From when it was asked for. */
  readonly fromCall: Latency;
  /** Jobs that did not start within 30 seconds of the last. */
  readonly missing: number;
}

const latencyOf = (waits: readonly number[]): Latency => ({
  p50: Number(percentile(waits, 0.5).toFixed(1)),
  p99: Number(percentile(waits, 0.99).toFixed(1)),
});

/** Milliseconds until the handler of a job begins, at 50 jobs a second. */
export const latency = async (
  contender: Contender,
  count: number,
  concurrency: number,
): Promise<Latencies> => {
  const calledAt: number[] = [];
  const addedAt: number[] = [];
  const startedAt = new Map<number, number>();
  const all = Promise.withResolvers<void>();
  const worker = await contender.work(concurrency, (number) => {
    startedAt.set(number, performance.now());
    if (startedAt.size === count) all.resolve();
  });
  await delay(1_000);
  const begin = performance.now();
  for (const number of numbers(count)) {
    await delay(Math.max(0, begin + number * 20 - performance.now()));
    calledAt[number] = performance.now();
    await contender.add(number);
    addedAt[number] = performance.now();
  }
  await Promise.race([all.promise, delay(30_000)]);
  await worker.stop();
  const waitsFrom = (times: readonly number[]): number[] =>
    [...startedAt].map(([number, at]) => Math.max(0, at - times[number]!));
  return {
    fromCommit: latencyOf(waitsFrom(addedAt)),
    fromCall: latencyOf(waitsFrom(calledAt)),
    missing: count - startedAt.size,
  };
};
