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

/**
 * The edges of the same diamond by pg-boss's own `flow()`.
 *
 * @param flowIntervalSeconds how often it looks which jobs may begin. @default its own, 5; 1 is the least it takes
 */
export const measurePgBoss = async (
  postgres: string,
  runs: number,
  flowIntervalSeconds?: number,
): Promise<number[]> => {
  const boss = new PgBoss({
    connectionString: postgres,
    max: 16,
    useListenNotify: true,
    ...(flowIntervalSeconds !== undefined && { flowIntervalSeconds }),
  });
  boss.on('error', () => undefined);
  await boss.start();
  const edges: number[] = [];
  const moments: Moment[] = [];
  try {
    await boss.createQueue(queue, { notify: true });
    await boss.work<{ run: number; step: string }>(
      queue,
      { batchSize: 1, pollingIntervalSeconds: 0.5, localConcurrency: 4 },
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
      while (moments.length < steps.length) await delay(5);
      edges.push(...edgesOf(steps, moments));
    }
    return edges;
  } finally {
    await boss.stop({ graceful: false });
  }
};
