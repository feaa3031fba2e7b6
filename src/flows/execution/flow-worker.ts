import type { SettlingJobContext } from '../../jobs/handler.ts';
import { keepNotes } from '../../jobs/store/notes.ts';
import { largestFanIn } from '../backend/claim-sql.ts';
import type { TaskRef } from '../backend/job.ts';
import type { ClaimedTask, Delivery } from '../backend/port.ts';
import { loadPlan } from '../control/plans.ts';
import type { AnyFlow, StepDefinition } from '../dsl/definition.ts';
import {
  FanInTooLargeError,
  RunCancelledError,
  TaskLostError,
  UnknownStepError,
} from '../errors.ts';
import type { Plan, PlannedStep, StepKind } from '../plan.ts';
import { runChild } from '../steps/child.ts';
import { runMap } from '../steps/map.ts';
import type { Running, StepType } from '../steps/running.ts';
import { runSleep } from '../steps/sleep.ts';
import { runTask } from '../steps/task.ts';
import { runWait } from '../steps/wait.ts';
import { channelOver } from './channel.ts';
import { persistently } from './persistently.ts';

const stepTypes: Readonly<Record<StepKind, StepType>> = {
  task: runTask,
  map: runMap,
  wait: runWait,
  sleep: runSleep,
  child: runChild,
};

const stepsByName = new WeakMap<Plan, ReadonlyMap<string, PlannedStep>>();

const plannedOf = (plan: Plan, name: string): PlannedStep | undefined => {
  let byName = stepsByName.get(plan);
  if (!byName) {
    byName = new Map(plan.steps.map((step) => [step.name, step]));
    stepsByName.set(plan, byName);
  }
  return byName.get(name);
};

const definitionsByName = new WeakMap<
  AnyFlow,
  ReadonlyMap<string, StepDefinition>
>();

const definitionOf = (
  flow: AnyFlow,
  name: string,
): StepDefinition | undefined => {
  let byName = definitionsByName.get(flow);
  if (!byName) {
    byName = new Map(flow.steps.map((step) => [step.planned.name, step]));
    definitionsByName.set(flow, byName);
  }
  return byName.get(name);
};

/** The step of a task: as it was planned when the run began, and as the code has it now. */
const stepOf = (
  flow: AnyFlow,
  plan: Plan,
  task: ClaimedTask,
): Pick<Running, 'planned' | 'definition'> => {
  const planned = plannedOf(plan, task.step);
  const definition = definitionOf(flow, task.step);
  if (!planned || definition?.work.kind !== planned.kind)
    throw new UnknownStepError(
      task.flow,
      task.version,
      task.step,
      planned?.kind ?? 'not planned',
    );
  return { planned, definition };
};

/** Runs one task for the message that announced it: claims it, runs it, settles it. */
export const runFlowTask = async (
  flow: AnyFlow,
  ref: TaskRef,
  context: SettlingJobContext,
): Promise<void> => {
  const { claim, settling } = context;
  const channel = channelOver(settling);
  const delivery: Delivery = { ...ref, claim, attempt: context.job.attempt };
  const task = await persistently(
    () => channel.claim(delivery),
    context.signal,
  );
  if (!task) return;
  if (task.tooLarge)
    throw new FanInTooLargeError(
      task.step,
      task.tooLarge.step,
      task.tooLarge.bytes,
      largestFanIn,
    );
  const plan = await persistently(
    () => loadPlan(settling.manager, task.planId),
    context.signal,
  );
  const cancellation = new AbortController();
  const signal = AbortSignal.any([context.signal, cancellation.signal]);
  const unwatch = channel.cancellations.watch(
    task.run,
    cancellation,
    context.logger,
  );
  try {
    const running: Running = {
      ...stepOf(flow, plan, task),
      task,
      plan,
      context,
      channel,
      settling,
      signal,
    };
    const outcome = await stepTypes[running.planned.kind](running);
    const { progress, log } = context.notes();
    if (progress ?? log)
      await persistently(
        () =>
          keepNotes(settling.manager, [
            { ...claim, ...(progress && { progress }), ...(log && { log }) },
          ]),
        signal,
      );
    if (outcome.type === 'ended')
      await persistently(
        () =>
          channel.settle({ ...task, ...outcome, output: outcome.output, plan }),
        signal,
      );
  } catch (error) {
    // Whatever a handler throws once its run was cancelled, that it was is what happened. Whoever owns a lost task
    // has its own message. In both cases this one has nothing more to say.
    const isCancelled = cancellation.signal.reason instanceof RunCancelledError;
    if (!isCancelled && !(error instanceof TaskLostError)) throw error;
    await persistently(() => channel.backend.ack([delivery]), context.signal);
  } finally {
    unwatch();
  }
};
