import type { EntityManager } from 'typeorm';

import type { Claim, NewJob } from '../../jobs/port.ts';
import type { TaskRef } from './job.ts';

/** A message says that a task is to be done. It is a hint: the tables know whether that is still so. */
export interface Delivery extends TaskRef {
  /** The job that carried it; its fence is the task's. */
  readonly claim: Claim;
  readonly attempt: number;
}

/** A task that belongs to whoever claimed it, with all that running it takes. */
export interface ClaimedTask extends Delivery {
  readonly flow: string;
  readonly version: number;
  readonly planId: string;
  readonly input: unknown;
  /** Of the steps it depends on, by name; those that were skipped are left out. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The outputs are more bytes together than a step can be given, most of them of this step: none is there, and the task cannot be done. */
  readonly tooLarge:
    { readonly step: string; readonly bytes: number } | undefined;
  /** Of a map's task. */
  readonly item: unknown;
  /** Until when it sleeps or waits; `undefined` before it began to. */
  readonly dueAt: Date | undefined;
  readonly isDue: boolean;
  readonly cause: string | undefined;
  readonly traceparent: string | undefined;
}

/** How a task ended well enough for the run to go on. */
export interface TaskEnd extends Delivery {
  readonly state: 'completed' | 'skipped';
  /** JSON as text; `undefined` is stored as `null`. */
  readonly output: string | undefined;
  /** Why it was skipped. */
  readonly error?: string;
}

/** What begins when `parent` has ended and the step waits for nothing else. */
export interface Follower {
  readonly run: string;
  readonly parent: string;
  readonly step: string;
  readonly idx: number;
  readonly job: NewJob;
}

/** What a settle did: `lost` if the task has another owner, is at its end already, or its run was cancelled. */
export type TaskSettled = 'settled' | 'lost';

/** Where the work of flows is kept and handed out. Flow tables are the truth, whatever carries the messages. */
export interface FlowBackend {
  /** Lets go of messages whose tasks need nothing more of them. With `manager`, in its transaction. */
  ack(deliveries: readonly Delivery[], manager?: EntityManager): Promise<void>;
  /**
   * Takes tasks, any number in one round trip. Only what is there to be done: a message about a task that
   * another one owns, that has ended, or whose run does not run is acked.
   *
   * @returns for each delivery its task, or `undefined`
   */
  claim(deliveries: readonly Delivery[]): Promise<(ClaimedTask | undefined)[]>;
  /** Sends messages for tasks that are there, in the transaction of `manager`. */
  enqueue(manager: EntityManager, jobs: readonly NewJob[]): Promise<void>;
  /**
   * Ends tasks and does what follows, any number in one round trip and one commit: counters, the steps that can
   * begin and their messages, the end of runs, and the ack of the messages, be the task lost or not.
   */
  settle(
    ends: readonly TaskEnd[],
    followers: readonly Follower[],
    manager?: EntityManager,
  ): Promise<TaskSettled[]>;
  /** Does what follows from the end of a step, which the transaction of `manager` has written. */
  follow(
    step: { readonly run: string; readonly step: string },
    followers: readonly Follower[],
    manager: EntityManager,
  ): Promise<void>;
  /**
   * Ends one item of a map in the transaction of `manager`, as `settle` would: of many such ends few are followed by
   * anything, and only those ask for the followers.
   */
  settleItem(
    end: TaskEnd,
    followers: () => readonly Follower[],
    manager: EntityManager,
  ): Promise<TaskSettled>;
}
