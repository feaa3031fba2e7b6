import type { z } from 'zod';

import type { Backoff, QueuePriority } from '../../jobs/queue.ts';
import type { QueueName } from '../../jobs/queues.ts';
import type { Known } from './context.ts';

/** `skip` lets the flow go on without the output of a step that has used up its attempts. */
export type OnExhausted = 'fail' | 'skip';

export interface OrderOptions<Dep extends string> {
  /** Earlier steps that have to end first. @default none: it begins with the run */
  readonly dependsOn?: readonly Dep[];
}

/** How the tasks of a step are run. */
export interface AttemptOptions<End extends OnExhausted = OnExhausted> {
  /** @default 'flows' */
  readonly queue?: QueueName;
  /** @default the queue's */
  readonly priority?: QueuePriority;
  /** Attempts in all, 1 to 100. @default the queue's */
  readonly attempts?: number;
  /** @default the queue's */
  readonly backoff?: Backoff;
  /** Seconds that one attempt may take. @default the queue's */
  readonly timeoutSeconds?: number;
  /** What happens when the attempts are used up; what fails has one entry at the dead-letter desk. @default 'fail' */
  readonly onExhausted?: End;
}

export interface StepOptions<
  Input,
  Outputs,
  Dep extends string,
  Transactional extends boolean,
  Decides extends boolean,
  End extends OnExhausted,
>
  extends OrderOptions<Dep>, AttemptOptions<End> {
  /** Effects made through `manager`, the end of the step and what follows are one commit. @default false */
  readonly transactional?: Transactional;
  /** The step is skipped if this is false. @default always */
  readonly when?: (known: Known<Input, Outputs>) => Decides;
}

export interface WaitOptions<
  Input,
  Outputs,
  Dep extends string,
  Payload extends z.ZodType,
  Decides extends boolean,
  End extends OnExhausted,
> extends OrderOptions<Dep> {
  /** Nobody is waited for, and the step is skipped, if this is false; what the steps before put out decides. @default always */
  readonly when?: (known: Known<Input, Outputs>) => Decides;
  /** Checks what a signal carries when it is sent. @default anything */
  readonly payload?: Payload;
  /** Seconds after which it has waited in vain. @default none: for ever */
  readonly timeoutSeconds?: number;
  /** What happens then. @default 'fail' */
  readonly onTimeout?: End;
}

export interface SleepOptions<
  Input,
  Outputs,
  Dep extends string,
> extends OrderOptions<Dep> {
  /** Seconds, at most a year. */
  readonly seconds: number | ((known: Known<Input, Outputs>) => number);
}

export interface ChildOptions<
  Input,
  Outputs,
  Dep extends string,
  ChildInput,
> extends OrderOptions<Dep> {
  /** What the child is started with. */
  readonly input: (known: Known<Input, Outputs>) => ChildInput;
}

export interface FlowOptions<Input> {
  /** Checks what a run is started with. @default anything that JSON can hold */
  readonly input?: z.ZodType<Input>;
  /** Raise it with every change of the steps, and keep the old version registered until its runs have ended. @default 1 */
  readonly version?: number;
}
