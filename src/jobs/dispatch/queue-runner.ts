import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import type { Logger } from '../../logger.ts';
import type { ClaimedJob, ClaimRequest, JobStore, Settled } from '../port.ts';
import type { Queue } from '../queue.ts';
import { jobMetrics } from './metrics.ts';
import { Run, type RunDependencies } from './run.ts';
import type { Settler } from './settler.ts';

/** Jobs that a slot may hold: one that runs, and one whose end is being written down meanwhile. */
const mostHeld = 2;

/** Milliseconds in which a pool has noticed that a connection is gone. */
const shortPause = 50;

/** Jobs claimed by one statement. */
const largestClaim = 100;

export interface QueueRunnerOptions extends RunDependencies {
  readonly name: string;
  readonly queue: Queue;
  readonly settler: Settler;
  readonly worker: string;
  /** Jobs at once. @default the queue's concurrency */
  readonly concurrency?: number;
  /** What every claim asks for besides; `undefined` when no more is to be claimed. */
  readonly asks?: () => Partial<ClaimRequest> | undefined;
}

/** How a run ended, for whoever counts. */
export interface Ended {
  readonly job: ClaimedJob;
  readonly settled: Settled;
}

/** One lane of slots: those that any job may take, or those kept for enterprise tenants. */
interface Lane {
  readonly slots: number;
  readonly enterpriseOnly: boolean;
  /** Handlers that run. */
  running: number;
  /** Those, and jobs whose end is not written down yet. */
  held: number;
  /** Whether more may be waiting for it than was claimed. */
  mayHaveMore: boolean;
}

/**
 * Runs the jobs of one queue in this process: one claim in flight, as many jobs as there are free
 * slots, the next claim as soon as a slot is free and more may be waiting.
 *
 * Emits `ended` for every run, and `idle` when nothing runs and nothing is left to claim.
 */
export class QueueRunner extends EventEmitter<{
  ended: [Ended];
  idle: [];
}> {
  readonly #options: QueueRunnerOptions;
  readonly #store: JobStore;
  readonly #logger: Logger;
  readonly #lanes: readonly Lane[];
  readonly #runs = new Set<Run>();
  readonly #names: readonly string[];
  #isClaiming = false;
  #isClaimDue = false;
  #mayHaveUnheard = false;
  #isStopped = false;

  constructor(options: QueueRunnerOptions) {
    super();
    this.#options = options;
    const { handlers, keepers = {} } = options.registry;
    this.#names = [...Object.keys(handlers), ...Object.keys(keepers)];
    this.#store = options.store;
    this.#logger = options.logger.child({ queue: options.name });
    const { concurrency, enterpriseSlots } = options.queue;
    this.#lanes = [
      {
        slots: options.concurrency ?? concurrency,
        enterpriseOnly: false,
        running: 0,
        held: 0,
        mayHaveMore: false,
      },
      {
        slots: enterpriseSlots,
        enterpriseOnly: true,
        running: 0,
        held: 0,
        mayHaveMore: false,
      },
    ];
  }

  get runs(): ReadonlySet<Run> {
    return this.#runs;
  }

  get isIdle(): boolean {
    return (
      this.#runs.size === 0 &&
      !this.#isClaiming &&
      this.#claimable().length === 0
    );
  }

  /** Looks for jobs: something was enqueued, or it is time to look. */
  wake(): void {
    for (const lane of this.#lanes) lane.mayHaveMore = true;
    void this.#claim();
  }

  /** Claims no more; what runs goes on. */
  stop(): void {
    this.#isStopped = true;
    if (this.isIdle) this.emit('idle');
  }

  /** Resolves when nothing runs and nothing is being claimed. */
  async idle(): Promise<void> {
    while (!this.isIdle) await once(this, 'idle');
  }

  /** The lanes with a free slot for which something may be waiting. */
  #claimable(): Lane[] {
    if (this.#isStopped) return [];
    return this.#lanes.filter(
      ({ slots, running, held, mayHaveMore }) =>
        mayHaveMore && slots > running && slots * mostHeld > held,
    );
  }

  /** Claims for all slots that become free in this turn of the event loop, not for the first of them. */
  #claimSoon(): void {
    if (this.#isClaimDue) return;
    this.#isClaimDue = true;
    setImmediate(() => {
      this.#isClaimDue = false;
      void this.#claim();
    });
  }

  async #claim(): Promise<void> {
    if (this.#isClaiming || this.#claimable().length === 0) return;
    this.#isClaiming = true;
    try {
      await this.#giveBackUnheard();
      for (
        let lanes = this.#claimable();
        lanes.length > 0;
        lanes = this.#claimable()
      )
        for (const lane of lanes) {
          lane.mayHaveMore = false;
          await this.#fill(lane);
        }
    } catch (error) {
      for (const lane of this.#lanes) lane.mayHaveMore = false;
      this.#logger.warn(
        { err: error },
        'no jobs could be claimed; trying again',
      );
    } finally {
      this.#isClaiming = false;
      if (this.isIdle) this.emit('idle');
    }
  }

  /** What a claim took whose reply was lost: else it would wait for its lease to run out, and that costs an attempt. */
  async #giveBackUnheard(): Promise<void> {
    if (!this.#mayHaveUnheard) return;
    const { name, worker } = this.#options;
    await this.#store.giveBack({
      queue: name,
      worker,
      held: [...this.#runs].map(({ job }) => job.id),
    });
    this.#mayHaveUnheard = false;
  }

  async #fill(lane: Lane): Promise<void> {
    const { name, worker, asks } = this.#options;
    const asked = asks ? asks() : {};
    if (asked === undefined) return;
    const limit = Math.min(
      lane.slots - lane.running,
      lane.slots * mostHeld - lane.held,
      largestClaim,
      asked.limit ?? largestClaim,
    );
    if (limit <= 0) return;
    const claimed = await this.#store
      .claim({
        ...asked,
        queue: name,
        worker,
        limit,
        names: this.#names,
        enterpriseOnly: lane.enterpriseOnly,
      })
      .catch(async (error: unknown) => {
        this.#mayHaveUnheard = true;
        // Whoever works for one request does not claim again; else the next claim goes on with it.
        for (let tries = 0; tries < 3 && this.#mayHaveUnheard; tries++)
          await this.#giveBackUnheard().catch(() => delay(shortPause));
        throw error;
      });
    if (claimed.length === limit) lane.mayHaveMore = true;
    for (const job of claimed) void this.#run(job, lane);
  }

  async #run(job: ClaimedJob, lane: Lane): Promise<void> {
    const run = new Run(job, { ...this.#options, logger: this.#logger });
    const metrics = jobMetrics(job.queue, job.name);
    this.#runs.add(run);
    lane.running += 1;
    lane.held += 1;
    const since = performance.now();
    metrics.started((Date.now() - job.runAt.getTime()) / 1_000);
    const end = await run.end();
    lane.running -= 1;
    this.#claimSoon();
    const settled =
      end.type === 'settled'
        ? 'completed'
        : await this.#options.settler.settle({
            id: job.id,
            fence: job.fence,
            outcome: end,
            ...run.notes.take(),
          });
    metrics.ended(settled, (performance.now() - since) / 1_000, job.attempt);
    if (end.type === 'failed')
      this.#logger.warn(
        {
          jobId: job.id,
          job: job.name,
          attempt: job.attempt,
          attempts: job.attempts,
          err: end.error,
        },
        settled === 'exhausted'
          ? 'a job failed for good; it is at the dead-letter desk'
          : 'an attempt at a job failed',
      );
    lane.held -= 1;
    this.#runs.delete(run);
    this.emit('ended', { job, settled });
    // A strict lane or a tenant's cap may have been waiting for just this one.
    if (this.#frees(job))
      for (const each of this.#lanes) each.mayHaveMore = true;
    this.#claimSoon();
    if (this.isIdle) this.emit('idle');
  }

  #frees(job: ClaimedJob): boolean {
    const { queue } = this.#options;
    return (
      queue.order === 'strict' ||
      (queue.tenantConcurrency !== undefined && job.tenant !== undefined)
    );
  }
}
