/**
 * How jobs are claimed.
 *
 * - `open`: no caps.
 * - `soft`: a cap for each tenant, checked within the claiming statement alone.
 * - `locked`: the same, after a statement of its own that takes an advisory lock of the queue, both in
 *   one READ COMMITTED transaction.
 */
export type Mode = 'open' | 'soft' | 'locked';

/** Running jobs a tenant may have at once, over all processes. */
export const CAP = 2;

export const QUEUE = 'spike';

export interface NewJob {
  readonly number: number;
  readonly tenant: string;
  /** The same key never makes a second job. */
  readonly key?: string;
}

export interface Claimed {
  readonly id: string;
  /** What names the attempt: a settle of an older one is refused. */
  readonly fence: number;
  readonly number: number;
  readonly tenant: string;
}

/** One connection pool's worth of a candidate. */
export interface Store {
  /** @returns how many were written. */
  enqueue(jobs: readonly NewJob[], notify: boolean): Promise<number>;
  claim(limit: number, mode: Mode): Promise<Claimed[]>;
  /** @returns how many were still ours to settle. */
  complete(jobs: readonly Claimed[]): Promise<number>;
  fail(job: Claimed, error: string): Promise<void>;
  /** Calls back for each notification of new jobs. */
  listen(wake: () => void): Promise<void>;
  /** The errors kept of a job. */
  errors(id: string): Promise<string[]>;
  /** What retention does some day: forgets jobs that are finished. */
  forgetFinished(): Promise<void>;
  close(): Promise<void>;
}

export interface Candidate {
  /** Makes the tables in an empty database. */
  install(url: string): Promise<void>;
  open(url: string, connections: number): Promise<Store>;
  /** The most jobs any tenant is running, by the table: column `running`. */
  readonly mostRunning: string;
}
