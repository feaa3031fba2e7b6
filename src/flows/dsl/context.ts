import type { DataSource, EntityManager } from 'typeorm';

import type { Logger } from '../../logger.ts';

/** The task that runs, as its handler sees it. */
export interface RunningTask {
  readonly runId: string;
  readonly flow: string;
  readonly step: string;
  /** Place of the item in a map; 0 otherwise. */
  readonly index: number;
  /** `run:step:index`, the same on every attempt: the idempotency key of all that is done elsewhere. */
  readonly key: string;
  /** 1 the first time. */
  readonly attempt: number;
  /** Why the run was started: the event or the row change; `undefined` if nothing of ours was the cause. */
  readonly cause: string | undefined;
}

/** What conditions, and whatever decides about a step, know. */
export interface Known<Input, Outputs> {
  /** What the run was started with. */
  readonly input: Input;
  /** The outputs of the steps that this one depends on, as they were stored; `undefined` of a skipped one. */
  readonly outputs: Outputs;
}

/** What every handler has. */
interface TaskContext {
  readonly task: RunningTask;
  readonly logger: Logger;
  /**
   * Fires when the attempt has taken its time, when the run was cancelled, when another process took
   * the task over, and on drain.
   */
  readonly signal: AbortSignal;
  /** Tells how far the task is, 0 to 1, and at what; written with the next heartbeat. */
  readonly progress: (fraction: number, at?: string) => void;
  /** Keeps a line with the attempt; at most 200 lines of 500 characters. */
  readonly log: (line: string) => void;
}

/** What a handler works with: all connections, or the one transaction that ends with its step. */
export type Access<Transactional extends boolean> = Transactional extends true
  ? { readonly manager: EntityManager }
  : { readonly con: DataSource };

export type StepContext<
  Input,
  Outputs,
  Transactional extends boolean,
> = TaskContext & Known<Input, Outputs> & Access<Transactional>;

/** Items carry what their handler needs: it has no outputs, of which each item would take a copy along. */
export type ItemContext<
  Input,
  Item,
  Transactional extends boolean,
> = TaskContext & {
  readonly input: Input;
  readonly item: Item;
} & Access<Transactional>;
