/** What everybody outside of this folder takes from it. */
export { cancelFlow } from './control/cancel.ts';
export { pauseFlow, resumeFlow } from './control/pause.ts';
export { retryFlow, type RetryOptions } from './control/retry.ts';
export { signalFlow, type SignalOptions } from './control/signal.ts';
export {
  type FlowOf,
  type OperatorSignal,
  signalAsOperator,
} from './control/signal-by-operator.ts';
export { startAnyFlow, startFlow, type StartOptions } from './control/start.ts';
export type { StartedRun } from './control/insert-run.ts';
export type { RunState } from './control/run-row.ts';
export { type TaskRef, taskOfJob } from './backend/job.ts';
export type { AnyFlow } from './dsl/definition.ts';
export { Flow, type InputOf, type OutputOf } from './dsl/flow.ts';
export * from './errors.ts';
export { payloadExample } from './dsl/payload-example.ts';
export { planOf } from './dsl/plan-of.ts';
export type { Plan, PlannedStep, StepKind } from './plan.ts';
export {
  type FlowGraph,
  type GraphNode,
  graphOfPlan,
  graphOfRun,
} from './graph/graph.ts';
export { graphSvg } from './graph/svg.ts';
export { graphText } from './graph/text.ts';
export {
  describeRun,
  type RunDescription,
  type StepDescription,
  type StepView,
  type TimelineEntry,
} from './read/describe.ts';
export {
  type FlowRun,
  type FlowRunResult,
  getFlowRun,
  listFlowRuns,
  type RunFilter,
} from './read/run.ts';
export {
  flowNamed,
  flowOf,
  flowsOf,
  type FlowRegistry,
  withFlows,
} from './registry.ts';
export { type BrokenCounter, brokenCounters } from './invariants.ts';
export { sweepFlows } from './sweep/sweep.ts';
