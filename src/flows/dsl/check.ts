import type { PlannedStep } from '../plan.ts';
import type { AnyFlow } from './definition.ts';

/** A flow is written in a way that cannot be run. Mend its definition. */
export class InvalidFlowError extends Error {
  override readonly name = 'InvalidFlowError';

  constructor(
    readonly flow: string,
    problem: string,
  ) {
    super(`the flow ${JSON.stringify(flow)}: ${problem}`);
  }
}

const nameForm = /^[a-z][a-z0-9-]{0,59}$/;
const mostSteps = 5_000;
const longestSeconds = 365 * 24 * 3_600;

/** @throws InvalidFlowError */
export const checkFlow = ({ name, version, steps }: AnyFlow): void => {
  if (!nameForm.test(name))
    throw new InvalidFlowError(
      name,
      'expected a name of at most 60 lower-case letters, digits and dashes, such as post-published',
    );
  if (!Number.isInteger(version) || version < 1)
    throw new InvalidFlowError(
      name,
      `expected version to be a whole number from 1, got: ${version}`,
    );
  if (steps.length > mostSteps)
    throw new InvalidFlowError(
      name,
      `expected at most ${mostSteps} steps, got: ${steps.length}; make a map of what is alike`,
    );
};

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isFinite(value) && value >= least && value <= most;

/** @throws InvalidFlowError */
export const checkStep = (flow: AnyFlow, step: PlannedStep): void => {
  const refuse = (problem: string): never => {
    throw new InvalidFlowError(
      flow.name,
      `step ${JSON.stringify(step.name)}: ${problem}`,
    );
  };
  const earlier = new Set(flow.steps.map(({ planned }) => planned.name));
  if (!nameForm.test(step.name))
    refuse(
      'expected a name of at most 60 lower-case letters, digits and dashes',
    );
  if (earlier.has(step.name)) refuse('an earlier step has this name');
  for (const dep of step.deps)
    if (!earlier.has(dep))
      refuse(`expected dependsOn to name earlier steps, got: ${dep}`);
  if (!Number.isInteger(step.attempts) || !isWithin(step.attempts, 1, 100))
    refuse(`expected attempts to be 1 to 100, got: ${step.attempts}`);
  if (!isWithin(step.timeoutSeconds, 0.001, 86_400))
    refuse(
      `expected timeoutSeconds to be above 0 and at most 86400, got: ${step.timeoutSeconds}`,
    );
  if (!isWithin(step.backoff.seconds, 0, longestSeconds))
    refuse(
      `expected backoff.seconds to be 0 to ${longestSeconds}, got: ${step.backoff.seconds}`,
    );
  if (
    step.waitSeconds !== null &&
    !isWithin(step.waitSeconds, 0, longestSeconds)
  )
    refuse(
      `expected a wait of 0 to ${longestSeconds} seconds, got: ${step.waitSeconds}`,
    );
};
