import { performance } from 'node:perf_hooks';

import type { Claimed, Mode, Store } from './port.ts';

/** Times in milliseconds since the epoch, the same clock in every process. */
export interface Run {
  readonly number: number;
  readonly tenant: string;
  readonly started: number;
  readonly ended: number;
  readonly settled: number;
}

/** Both candidates need one: pg-boss settles a batch when its slowest job has ended. */
export interface Dispatcher {
  wake(): void;
  /** Claims no more; ends when what runs is settled. */
  stop(): Promise<void>;
}

export interface DispatcherOptions {
  readonly store: Store;
  readonly mode: Mode;
  readonly slots: number;
  readonly handle: () => Promise<void> | void;
  readonly onSettled: (runs: Run[]) => void;
  /** How long each claim took, in milliseconds. */
  readonly onClaim: (milliseconds: number) => void;
}

/** Claims stop while so many ends wait to be written. */
const UNSETTLED = 1_000;
/** What a missed notification costs at most. */
const POLL = 100;

const now = () => performance.timeOrigin + performance.now();

/** One claim in flight, as many jobs as slots are free; ends are settled together. */
export const dispatch = (options: DispatcherOptions): Dispatcher => {
  const { store, mode, slots, handle, onSettled, onClaim } = options;
  let running = 0;
  let stopped = false;
  let woken = Promise.withResolvers<void>();
  let ended: { job: Claimed; started: number; ended: number }[] = [];
  let settling: Promise<void> | undefined;

  const wake = () => woken.resolve();

  const settle = async () => {
    while (ended.length > 0) {
      const batch = ended;
      ended = [];
      const settled = await store.complete(batch.map(({ job }) => job));
      if (settled !== batch.length)
        throw new Error(
          `expected ${batch.length} jobs to be settled, got ${settled}`,
        );
      const at = now();
      onSettled(
        batch.map(({ job, ...times }) => ({
          number: job.number,
          tenant: job.tenant,
          ...times,
          settled: at,
        })),
      );
      wake();
    }
    settling = undefined;
  };

  const start = async (job: Claimed) => {
    const started = now();
    await handle();
    running -= 1;
    ended.push({ job, started, ended: now() });
    settling ??= settle();
    wake();
  };

  const claimOnce = async (): Promise<boolean> => {
    const free = slots - running;
    if (free === 0 || ended.length > UNSETTLED) return false;
    const before = performance.now();
    const jobs = await store.claim(free, mode);
    onClaim(performance.now() - before);
    running += jobs.length;
    for (const job of jobs) void start(job);
    return jobs.length === free;
  };

  const loop = async () => {
    while (!stopped) {
      woken = Promise.withResolvers<void>();
      if (await claimOnce()) continue;
      const timer = setTimeout(wake, POLL);
      await woken.promise;
      clearTimeout(timer);
    }
  };
  const looping = loop();

  return {
    wake,
    stop: async () => {
      stopped = true;
      wake();
      await looping;
      while (running > 0 || settling) {
        woken = Promise.withResolvers<void>();
        await Promise.race([
          woken.promise,
          new Promise((resolve) => setTimeout(resolve, 5)),
        ]);
      }
    },
  };
};
