import { setTimeout as delay } from 'node:timers/promises';

import type { Contender } from './contender.ts';

const perSecond = (count: number, since: number): number =>
  Math.round((count / (performance.now() - since)) * 1_000);

/** @param share 0 to 1. */
export const percentile = (
  values: readonly number[],
  share: number,
): number => {
  const sorted = [...values].sort((left, right) => left - right);
  return (
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ??
    NaN
  );
};

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

/** Milliseconds from the commit of a job to the begin of its handler, at 50 jobs a second. */
export const latency = async (
  contender: Contender,
  count: number,
): Promise<Latency> => {
  const addedAt = new Map<number, number>();
  const startedAt = new Map<number, number>();
  const all = Promise.withResolvers<void>();
  const worker = await contender.work(20, (number) => {
    startedAt.set(number, performance.now());
    if (startedAt.size === count) all.resolve();
  });
  await delay(1_000);
  const begin = performance.now();
  for (const number of numbers(count)) {
    await delay(Math.max(0, begin + number * 20 - performance.now()));
    await contender.add(number);
    addedAt.set(number, performance.now());
  }
  await Promise.race([all.promise, delay(30_000)]);
  await worker.stop();
  // A job may start before whoever created it has heard of its commit.
  const waits = [...startedAt].map(([number, at]) =>
    Math.max(0, at - addedAt.get(number)!),
  );
  return { p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) };
};
