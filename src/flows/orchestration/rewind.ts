import { dependents, lastSteps, type Plan, type PlannedStep } from '../plan.ts';

/** How a run that had ended goes on. */
export interface Rewound {
  /** Steps that lose what they did. */
  readonly reset: readonly {
    readonly step: PlannedStep;
    readonly waitingOn: number;
  }[];
  /** Steps that go on where they failed, or were when the run was cancelled. */
  readonly resumed: readonly string[];
  /** Of those that are reset, the ones that wait for nothing. */
  readonly launched: readonly PlannedStep[];
  /** Last steps that have not ended. */
  readonly pending: number;
}

/** A step and everything that depends on it. */
export const stepsFrom = (
  plan: Pick<Plan, 'steps'>,
  from: string,
): ReadonlySet<string> => {
  const after = dependents(plan);
  const found = new Set([from]);
  for (const name of found)
    for (const step of after.get(name) ?? []) found.add(step.name);
  return found;
};

/**
 * How a run goes on after its end: from the steps that failed, or from `from` and everything below it anew.
 *
 * @param states of every step, as they are stored
 */
export const rewind = (
  plan: Pick<Plan, 'steps'>,
  states: ReadonlyMap<string, string>,
  from?: string,
): Rewound => {
  const anew = from === undefined ? new Set<string>() : stepsFrom(plan, from);
  const stateOf = (name: string): string =>
    anew.has(name) ? 'pending' : (states.get(name) ?? 'pending');
  const hasEnded = (name: string): boolean =>
    ['completed', 'skipped'].includes(stateOf(name));
  const reset = plan.steps
    .filter(({ name }) => anew.has(name))
    .map((step) => ({
      step,
      waitingOn: step.deps.filter((dep) => !hasEnded(dep)).length,
    }));
  return {
    reset,
    resumed: plan.steps
      .map(({ name }) => name)
      .filter((name) => ['failed', 'running'].includes(stateOf(name))),
    launched: reset
      .filter(({ waitingOn }) => waitingOn === 0)
      .map(({ step }) => step),
    pending: [...lastSteps(plan)].filter((name) => !hasEnded(name)).length,
  };
};
