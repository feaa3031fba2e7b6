import type { DataSource } from 'typeorm';

import type { SettlingJobContext } from '../../jobs/handler.ts';
import type { ClaimedTask } from '../backend/port.ts';
import type { StepDefinition } from '../dsl/definition.ts';
import type { Channel } from '../execution/channel.ts';
import type { Plan, PlannedStep } from '../plan.ts';

/** A claimed task with all that its step type needs to run it. */
export interface Running {
  readonly task: ClaimedTask;
  readonly plan: Plan;
  readonly planned: PlannedStep;
  readonly definition: StepDefinition;
  readonly context: SettlingJobContext;
  readonly channel: Channel;
  /** Connections for what we write ourselves. */
  readonly settling: DataSource;
  /** Fires as that of the job, and when the run is cancelled. */
  readonly signal: AbortSignal;
}

/** How a task's run went: it ended so, or its step type has written down what became of it. */
export type TaskOutcome =
  | {
      readonly type: 'ended';
      readonly state: 'completed' | 'skipped';
      readonly output?: string;
      readonly error?: string;
    }
  | { readonly type: 'written' };

/**
 * Runs the tasks of steps of one kind. What it throws is tried again by the job's attempts, but for a TaskLostError:
 * nothing is left to be done then.
 */
export type StepType = (running: Running) => Promise<TaskOutcome>;
