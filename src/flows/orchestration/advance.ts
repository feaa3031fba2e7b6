import { dependents, lastSteps, type Plan, type PlannedStep } from '../plan.ts';

/** How a step can end so that the run goes on. */
export type StepEnd = 'completed' | 'skipped';

/**
 * What follows from the end of a step. Whether the last dependency of a step has ended is known to the one
 * who counts, the database: `launch` applies if its count reaches zero.
 */
export type Transition =
  /** One dependency of `step` has ended; if it was the last one, the step begins with its first task. */
  | { readonly type: 'count-down'; readonly step: PlannedStep }
  /** Nobody depends on the step that has ended: the run waits for one less. */
  | { readonly type: 'close' };

interface Shape {
  readonly after: ReadonlyMap<string, readonly PlannedStep[]>;
  readonly last: ReadonlySet<string>;
}

const shapes = new WeakMap<readonly PlannedStep[], Shape>();

const shapeOf = (plan: Pick<Plan, 'steps'>): Shape => {
  let shape = shapes.get(plan.steps);
  if (!shape) {
    shape = { after: dependents(plan), last: lastSteps(plan) };
    shapes.set(plan.steps, shape);
  }
  return shape;
};

/**
 * What follows when a step ends. A skipped step ends like a completed one, only without an output; after one
 * that has failed nothing follows.
 */
export const advance = (
  plan: Pick<Plan, 'steps'>,
  ended: string,
): readonly Transition[] => {
  const { after, last } = shapeOf(plan);
  return last.has(ended)
    ? [{ type: 'close' }]
    : (after.get(ended) ?? []).map((step) => ({ type: 'count-down', step }));
};

/** A step at the beginning of a run. */
export interface FirstState {
  readonly step: PlannedStep;
  readonly position: number;
  readonly last: boolean;
  readonly waitingOn: number;
}

/** How a run begins: each step with what it waits for, and how many have to close. Those that wait for nothing begin. */
export const begin = (
  plan: Pick<Plan, 'steps'>,
): { readonly steps: readonly FirstState[]; readonly pending: number } => {
  const { last } = shapeOf(plan);
  return {
    steps: plan.steps.map((step, position) => ({
      step,
      position,
      last: last.has(step.name),
      waitingOn: step.deps.length,
    })),
    pending: last.size,
  };
};
