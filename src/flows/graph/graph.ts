import type { Plan } from '../plan.ts';
import type {
  RunDescription,
  StepDescription,
  StepView,
} from '../read/describe.ts';

/** A step as a graph shows it. */
export interface GraphNode {
  readonly name: string;
  readonly kind: string;
  readonly deps: readonly string[];
  /** `undefined` of a plan that is not run. */
  readonly state: StepView | undefined;
  /** What stands beside its name: `map, 3 of 8`. */
  readonly note: string;
}

/** Steps in the order of the plan: each after those it depends on. */
export interface FlowGraph {
  readonly title: string;
  readonly nodes: readonly GraphNode[];
}

const noteOf = ({ kind, state, tasks, attempt, attempts }: StepDescription) => {
  const parts: string[] = [kind];
  if (kind === 'map' && state !== 'pending' && state !== 'skipped')
    parts.push(`${tasks.done} of ${tasks.total}`);
  if (state === 'retrying') parts.push(`attempt ${attempt} of ${attempts}`);
  return parts.join(', ');
};

/** The graph of a run, with the state of every step. */
export const graphOfRun = ({ run, steps }: RunDescription): FlowGraph => ({
  title: `${run.flow}, version ${run.version}: ${run.state}`,
  nodes: steps.map((step) => ({
    name: step.name,
    kind: step.kind,
    deps: step.deps,
    state: step.state,
    note: noteOf(step),
  })),
});

/** The graph of a flow as it is written. */
export const graphOfPlan = ({ flow, version, steps }: Plan): FlowGraph => ({
  title: `${flow}, version ${version}`,
  nodes: steps.map(({ name, kind, deps, transactional, conditional }) => ({
    name,
    kind,
    deps,
    state: undefined,
    note: [
      kind,
      ...(transactional ? ['transactional'] : []),
      ...(conditional ? ['conditional'] : []),
    ].join(', '),
  })),
});
