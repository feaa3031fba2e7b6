import { setTimeout as delay } from 'node:timers/promises';

import { PgBoss } from 'pg-boss';

import { edgesOf } from './edges.ts';
import type { Moment } from './flows.ts';

const queue = 'flow';

const steps = [
  { name: 'top', deps: [] },
  { name: 'left', deps: ['top'] },
  { name: 'right', deps: ['top'] },
  { name: 'bottom', deps: ['left', 'right'] },
] as const;

/** Seconds after which a diamond is given up. */
const limit = 60;

export interface PgBossSetting {
  /** How often it looks which jobs may begin. Its own: 5. */
  readonly flowIntervalSeconds: number;
  /** How often a worker looks for jobs. Its own: 2. */
  readonly pollingIntervalSeconds: number;
}

/** As it comes, and as often as it lets itself be asked to look. */
export const asItComes = { flowIntervalSeconds: 5, pollingIntervalSeconds: 2 };
export const atItsFastest = {
  flowIntervalSeconds: 1,
  pollingIntervalSeconds: 0.5,
};

/**
 * The edges of the same diamond by pg-boss's own `flow()`. Without LISTEN: with it, workers look rarely, and of jobs
 * whose dependencies have ended nobody is told.
 */
export const measurePgBoss = async (
  postgres: string,
  runs: number,
  { flowIntervalSeconds, pollingIntervalSeconds }: PgBossSetting,
): Promise<number[]> => {
  const boss = new PgBoss({
    connectionString: postgres,
    max: 16,
    flowIntervalSeconds,
  });
  boss.on('error', () => undefined);
  await boss.start();
  const edges: number[] = [];
  const moments: Moment[] = [];
  try {
    await boss.createQueue(queue);
    await boss.work<{ run: number; step: string }>(
      queue,
      { batchSize: 1, pollingIntervalSeconds, localConcurrency: 4 },
      ([job]) => {
        const now = performance.now();
        if (job)
          moments.push({
            run: String(job.data.run),
            step: job.data.step,
            begun: now,
            ended: now,
          });
        return Promise.resolve();
      },
    );
    for (let run = 0; run < runs; run++) {
      moments.length = 0;
      await boss.flow(
        steps.map(({ name, deps }) => ({
          ref: name,
          name: queue,
          data: { run, step: name },
          dependsOn: [...deps],
        })),
      );
      const begun = performance.now();
      while (moments.length < steps.length) {
        if (performance.now() - begun > limit * 1_000)
          throw new Error(`expected pg-boss to end a diamond in ${limit} s`);
        await delay(5);
      }
      edges.push(...edgesOf(steps, moments));
    }
    return edges;
  } finally {
    await boss.stop({ graceful: false });
  }
};
