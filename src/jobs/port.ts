import type { EntityManager } from 'typeorm';

import type { Backoff } from './queue.ts';

/** A job as it is written down: everything that was left out has its default by now. */
export interface NewJob {
  /** UUIDv7. */
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  /** JSON. */
  readonly payload: string;
  readonly priority: number;
  readonly runAt: Date | undefined;
  readonly tenant: string | undefined;
  readonly tier: string | undefined;
  readonly key: string | undefined;
  /** Jobs of one lane run one at a time, in order; `undefined` in queues without order. */
  readonly lane: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly attempts: number;
  readonly backoff: Backoff;
  readonly timeoutSeconds: number;
  readonly cause: string | undefined;
  readonly traceparent: string | undefined;
}

/** What became of a job that was to be created. */
export interface Enqueued {
  readonly id: string;
  /** `false`: a job with this idempotency key was there before, and `id` is its id. */
  readonly created: boolean;
}

/** One run of a job: whoever holds the newest fence owns the job. */
export interface Claim {
  readonly id: string;
  readonly fence: number;
}

/** A job that was claimed, with all that running it takes. */
export interface ClaimedJob extends Claim {
  readonly queue: string;
  readonly name: string;
  readonly payload: unknown;
  readonly priority: number;
  readonly tenant: string | undefined;
  readonly tier: string | undefined;
  readonly key: string | undefined;
  readonly attempt: number;
  readonly attempts: number;
  readonly backoff: Backoff;
  readonly timeoutSeconds: number;
  readonly cause: string | undefined;
  readonly traceparent: string | undefined;
  readonly createdAt: Date;
  readonly runAt: Date;
}

export interface ClaimRequest {
  readonly queue: string;
  readonly limit: number;
  /** Who claims; kept with the attempt. */
  readonly worker: string;
  /** `failed` claims jobs whose attempts are exhausted, once each, for one attempt more. @default 'pending' */
  readonly status?: 'pending' | 'failed';
  /** Only this job; for `failed`. @default any */
  readonly id?: string;
  /** Failed at this time or before: a run through the failed claims none twice. */
  readonly failedBefore?: Date;
  /** Leaves jobs alone that may take longer than this, in seconds. @default none */
  readonly longestTimeout?: number;
  /** Only jobs of these names: those that the claimer has handlers for. @default any */
  readonly names?: readonly string[];
  /** Only jobs of enterprise tenants. @default false */
  readonly enterpriseOnly?: boolean;
}

/** Who claims from a queue, and what it knows that it has. */
export interface Holder {
  readonly queue: string;
  /** As in its claims. */
  readonly worker: string;
  /** The ids of its jobs, also of those whose end is being written. */
  readonly held: readonly string[];
}

/** How one run ended. */
export type Outcome =
  | { readonly type: 'completed'; readonly result: string | undefined }
  /** `permanent` skips the attempts that are left. */
  | {
      readonly type: 'failed';
      readonly error: Error;
      readonly permanent: boolean;
    }
  /** Given back untried or cut off: no attempt is counted. */
  | { readonly type: 'released' };

export interface Settlement extends Claim {
  readonly outcome: Outcome;
  readonly progress?: { readonly fraction: number; readonly at?: string };
  readonly log?: readonly string[];
}

/** A run that goes on, with what it has told so far. */
export interface Heartbeat extends Omit<Settlement, 'outcome'> {
  readonly attempt: number;
}

/** What settling did: `lost` if another run owns the job by now. */
export type Settled =
  'completed' | 'retried' | 'exhausted' | 'released' | 'lost';

/**
 * `scheduled` waits for its time, also between attempts; `failed` has used up its attempts; `cancelled` was ended by an
 * operator.
 */
export type JobState =
  'scheduled' | 'pending' | 'running' | 'completed' | 'failed' | 'cancelled';

export interface JobAttempt {
  readonly attempt: number;
  readonly worker: string;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  readonly error: string | undefined;
  readonly progress: { fraction: number; at?: string } | undefined;
  readonly log: readonly string[];
}

/** A job as it can be looked at, finished or not. */
export interface Job {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly state: JobState;
  readonly priority: number;
  readonly tenant: string | undefined;
  readonly key: string | undefined;
  readonly attempt: number;
  readonly attempts: number;
  readonly result: unknown;
  readonly error: string | undefined;
  readonly progress: { fraction: number; at?: string } | undefined;
  readonly createdAt: Date;
  readonly runAt: Date;
  readonly startedAt: Date | undefined;
  readonly finishedAt: Date | undefined;
  readonly history: readonly JobAttempt[];
}

/** What became due. */
export interface Promotion {
  /** Jobs that joined their queues. */
  readonly promoted: number;
  /** Seconds until the next one is due, by the clock of the store; `undefined` if none is scheduled. */
  readonly nextInSeconds: number | undefined;
}

/** A job that failed for good, as whoever keeps its outcome sees it. */
export interface DeadJob extends Claim {
  readonly name: string;
  readonly queue: string;
  readonly payload: unknown;
  readonly attempt: number;
  readonly error: Error;
}

/** Keeps the outcome of jobs that failed for good, in the transaction in which they do. */
export type OnDead = (
  manager: EntityManager,
  jobs: readonly DeadJob[],
) => Promise<void>;

/** Where jobs are kept. */
export interface JobStore {
  /** Writes jobs down in the transaction of `manager`. */
  enqueue(manager: EntityManager, jobs: readonly NewJob[]): Promise<Enqueued[]>;
  claim(request: ClaimRequest): Promise<ClaimedJob[]>;
  /** With `manager`, in its transaction; the caller rolls back on `lost`. */
  settle(
    settlements: readonly Settlement[],
    manager?: EntityManager,
  ): Promise<Settled[]>;
  /** Renews the leases of runs. @returns those that another run has taken over, or that are gone. */
  extend(running: readonly Heartbeat[]): Promise<Claim[]>;
  /** Gives back, untried, what a claimer has and does not know of: the reply to its claim was lost. @returns how many */
  giveBack(holder: Holder): Promise<number>;
  /** Lets scheduled jobs whose time has come join their queues. @returns how many, and when the next one is due */
  promote(): Promise<Promotion>;
  /** Takes jobs from processes that are gone. @returns how many, at most 100 */
  recover(): Promise<number>;
  /** Moves failed jobs that were resolved at the desk into the archive. @returns how many */
  archiveResolved(): Promise<number>;
  find(id: string): Promise<Job | undefined>;
}
