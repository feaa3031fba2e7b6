import type { Logger } from '../../logger.ts';
import { startLoop } from '../loop.ts';
import type { JobStore } from '../port.ts';
import type { Run } from './run.ts';

export interface HeartbeatOptions {
  readonly store: JobStore;
  readonly logger: Logger;
  /** Seconds that a run is owned without a heartbeat; there are three in that time. */
  readonly leaseSeconds: number;
  /** What runs in this process now. */
  readonly runs: () => readonly Run[];
}

const beat = async ({ store, runs }: HeartbeatOptions): Promise<void> => {
  const running = runs();
  const lost = await store
    .extend(
      running.map(({ job: { id, fence, attempt }, notes }) => ({
        id,
        fence,
        attempt,
        ...notes.take(),
      })),
    )
    .catch((error: unknown) => {
      for (const { notes } of running) notes.putBack();
      throw error;
    });
  if (lost.length === 0) return;
  const ids = new Set(lost.map(({ id }) => id));
  // One that ended meanwhile is no longer anybody's.
  const current = new Set(runs());
  for (const run of running)
    if (ids.has(run.job.id) && current.has(run)) run.lose();
};

/** Renews the leases of what runs, and stops what another process has taken over. @returns ends it */
export const startHeartbeats = (
  options: HeartbeatOptions,
): (() => Promise<void>) => {
  const interval = (options.leaseSeconds * 1_000) / 3;
  return startLoop({
    name: 'renewing the leases of jobs',
    longestWait: interval,
    logger: options.logger,
    round: async () => {
      await beat(options);
      return interval;
    },
  });
};
