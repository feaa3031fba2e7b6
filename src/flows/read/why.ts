import type { RunState } from '../control/run-row.ts';
import type { PlannedStep } from '../plan.ts';
import type { StepRow } from './steps.ts';

const at = (time: Date): string => time.toISOString();

const unended = (step: PlannedStep, ended: ReadonlySet<string>): string =>
  step.deps.filter((dep) => !ended.has(dep)).join(', ');

const waiting = (step: PlannedStep, row: StepRow): string => {
  const until = row.due_at ? ` until ${at(row.due_at)}` : '';
  switch (step.kind) {
    case 'wait':
      return `waits for the signal ${step.name}${until}`;
    case 'sleep':
      return `sleeps${until}`;
    default:
      return row.child_run === null
        ? `waits for its child`
        : `waits for its child, the run ${row.child_run} of ${step.childFlow}, which is ${row.child_state}`;
  }
};

const running = (step: PlannedStep, row: StepRow): string => {
  if (row.retrying > 0 && row.retry_at)
    return (
      `attempt ${row.attempt} of ${step.attempts} failed, the next one is due at ${at(row.retry_at)}` +
      (row.last_error === null ? '' : `: ${row.last_error}`)
    );
  if (row.running > 0) return `runs on ${row.worker}, attempt ${row.attempt}`;
  if (row.waiting > 0) return waiting(step, row);
  if (row.orphaned > 0)
    return 'its job is gone; the sweeper will give it another one';
  if (row.paused_by !== null)
    return `the queue ${step.queue} is paused by ${row.paused_by}`;
  return `waits in the queue ${step.queue}`;
};

/** Why a step has not ended, in words; `undefined` once it has. */
export const whyWaiting = (
  step: PlannedStep,
  row: StepRow,
  ended: ReadonlySet<string>,
  state: RunState,
): string | undefined => {
  if (row.state === 'completed' || row.state === 'skipped') return undefined;
  if (row.state === 'failed') return row.reason ?? undefined;
  switch (state) {
    case 'paused':
      return row.running > 0 ? running(step, row) : 'the run is paused';
    case 'cancelled':
      return 'the run was cancelled';
    case 'failed':
      return row.running > 0
        ? running(step, row)
        : 'the run has failed at another step';
    default:
      return row.state === 'pending'
        ? `waits for ${unended(step, ended)}`
        : running(step, row);
  }
};
