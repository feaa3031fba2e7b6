import { setTimeout as delay } from 'node:timers/promises';

import { percentile } from '../host/statistics.ts';
import { drain } from './measures.ts';
import { openNightshift } from './nightshift.ts';

const tenants = 200;

/** Jobs a second of 200 tenants, either with a cap that leaves work for every slot or without any. */
export const drainTenants = async (
  postgres: string,
  jobs: number,
  concurrency: number,
  isCapped: boolean,
): Promise<number> => {
  await using contender = await openNightshift(
    { postgres, redis: undefined },
    isCapped ? { tenantConcurrency: 2 } : {},
  );
  for (let from = 0; from < jobs; from += 1_000)
    await contender.addJobs(
      Array.from({ length: Math.min(1_000, jobs - from) }, (_, index) => ({
        tenant: `tenant-${(from + index) % tenants}`,
        payload: JSON.stringify({ number: from + index }),
      })),
    );
  return await drain(contender, jobs, concurrency);
};

const backlog = 50_000;
const enterpriseJobs = 200;
const limitSeconds = 60;

export interface EnterpriseStarts {
  /** Milliseconds from the call that creates a job to the begin of its handler. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly started: number;
  readonly backlog: number;
  /** What was left of the backlog when the last of them had started. */
  readonly backlogLeft: number;
}

/** Jobs of an enterprise tenant that come while another's backlog is worked off. */
export const startEnterprise = async (
  postgres: string,
): Promise<EnterpriseStarts> => {
  await using contender = await openNightshift(
    { postgres, redis: undefined },
    { enterpriseSlots: 4 },
  );
  for (let from = 0; from < backlog; from += 5_000)
    await contender.addJobs(
      Array.from({ length: 5_000 }, () => ({
        tenant: 'flood',
        payload: '{"number":-1}',
      })),
    );
  const calledAt: number[] = [];
  const waits: number[] = [];
  const all = Promise.withResolvers<void>();
  let left = backlog;
  let leftAtLast = backlog;
  const worker = await contender.work(16, (number) => {
    if (number < 0) {
      left -= 1;
      return;
    }
    waits.push(performance.now() - calledAt[number]!);
    leftAtLast = left;
    if (waits.length === enterpriseJobs) all.resolve();
  });
  for (let number = 0; number < enterpriseJobs; number++) {
    calledAt[number] = performance.now();
    await contender.addJobs([
      {
        tenant: 'big',
        tier: 'enterprise',
        payload: JSON.stringify({ number }),
      },
    ]);
    await delay(5);
  }
  await Promise.race([all.promise, delay(limitSeconds * 1_000)]);
  await worker.stop();
  const inMilliseconds = (value: number): number => Number(value.toFixed(1));
  return {
    p50: inMilliseconds(percentile(waits, 0.5)),
    p99: inMilliseconds(percentile(waits, 0.99)),
    max: inMilliseconds(Math.max(...waits)),
    started: waits.length,
    backlog,
    backlogLeft: leftAtLast,
  };
};
