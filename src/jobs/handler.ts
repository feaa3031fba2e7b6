import type { DataSource, EntityManager } from 'typeorm';

import type { Logger } from '../logger.ts';
import type { Claim, Settlement } from './port.ts';

/** The job that runs, as its handler sees it. */
export interface RunningJob {
  /** Also the idempotency key of everything the handler does elsewhere: the same on every attempt. */
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** 1 the first time. */
  readonly attempt: number;
  /** Attempts in all; a run again of a failed job comes after them. */
  readonly attempts: number;
  readonly tenant?: string;
  /** Order within a strict queue. */
  readonly key?: string;
  readonly createdAt: Date;
  /** When it was due. */
  readonly runAt: Date;
}

interface BaseContext {
  readonly job: RunningJob;
  readonly logger: Logger;
  /** Fires when the attempt has taken its time, when another process took the job over, and on drain. */
  readonly signal: AbortSignal;
  /**
   * Tells how far the job is, 0 to 1, and at what. The last word is kept, written with the next
   * heartbeat.
   */
  readonly progress: (fraction: number, at?: string) => void;
  /** Keeps a line with the attempt; at most 200 lines of 500 characters. */
  readonly log: (line: string) => void;
}

/** For a handler that settles its job together with what it keeps of it. */
export interface SettlingJobContext extends BaseContext {
  readonly con: DataSource;
  /** Connections that handlers cannot take away, for claims and ends. */
  readonly settling: DataSource;
  /** By whom the job is owned: its end names id and fence. */
  readonly claim: Claim;
  readonly traceparent: string | undefined;
  /** What the run told of itself since the last heartbeat; the end takes it along. */
  readonly notes: () => Pick<Settlement, 'progress' | 'log'>;
}

/** A handler may run more than once: what it does has to be harmless the second time. */
export interface JobContext extends BaseContext {
  readonly con: DataSource;
}

/** Everything done through `manager` is done once, in one commit with the end of the job. */
export interface TransactionalJobContext extends BaseContext {
  readonly manager: EntityManager;
}

/**
 * Handles jobs of one name. What it returns is kept as the job's result (JSON, at most 1 MB). A thrown
 * error is tried again after the job's backoff, a PermanentError is not.
 */
export type JobHandler<Payload> =
  | {
      readonly transactional?: false;
      handler(payload: Payload, context: JobContext): Promise<unknown>;
    }
  | {
      readonly transactional: true;
      handler(
        payload: Payload,
        context: TransactionalJobContext,
      ): Promise<unknown>;
    };
