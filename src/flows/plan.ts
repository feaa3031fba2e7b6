import type { Backoff } from '../jobs/queue.ts';
import type { OnExhausted } from './dsl/options.ts';

export type StepKind = 'task' | 'map' | 'wait' | 'sleep' | 'child';

/** A step as it is stored: all that is needed to go on with a run, but for the code. */
export interface PlannedStep {
  readonly name: string;
  readonly kind: StepKind;
  readonly deps: readonly string[];
  readonly transactional: boolean;
  /** Whether a condition may skip it. */
  readonly conditional: boolean;
  readonly queue: string;
  readonly priority: number;
  readonly attempts: number;
  readonly backoff: Backoff;
  readonly timeoutSeconds: number;
  readonly onExhausted: OnExhausted;
  /** Seconds that a wait waits; `null` for ever. */
  readonly waitSeconds: number | null;
  /** The flow that a child is a run of. */
  readonly childFlow: string | null;
}

/** What a run was begun with, and ends on. */
export interface Plan {
  /** Of its content. */
  readonly id: string;
  readonly flow: string;
  readonly version: number;
  readonly steps: readonly PlannedStep[];
}

/** Steps that nobody depends on: when these have ended, all have. */
export const lastSteps = ({
  steps,
}: Pick<Plan, 'steps'>): ReadonlySet<string> => {
  const needed = new Set(steps.flatMap(({ deps }) => deps));
  return new Set(
    steps.map(({ name }) => name).filter((name) => !needed.has(name)),
  );
};

/** The steps that depend on each. */
export const dependents = ({
  steps,
}: Pick<Plan, 'steps'>): ReadonlyMap<string, readonly PlannedStep[]> => {
  const after = new Map<string, PlannedStep[]>();
  for (const step of steps)
    for (const dep of step.deps) {
      const list = after.get(dep);
      if (list) list.push(step);
      else after.set(dep, [step]);
    }
  return after;
};
