import { z } from 'zod';

import type { NewJob } from '../../jobs/port.ts';
import type { Plan, PlannedStep } from '../plan.ts';

/** Names a task: the job that carries it says nothing else. */
export interface TaskRef {
  readonly run: string;
  readonly step: string;
  /** Place of the item of a map; -1 is the task that finds the items; 0 otherwise. */
  readonly idx: number;
}

export const taskRef = z.object({
  run: z.uuid(),
  step: z.string(),
  idx: z.int(),
});

/** The name of the jobs of a flow: a process runs those whose flows it knows, in the version it knows. */
export const jobNameOf = (flow: string, version: number): string =>
  `flow ${flow}@${version}`;

/** The task that a job carries, whose run would have it made again; `undefined` if it carries none. */
export const taskOfJob = (
  name: string,
  payload: unknown,
): TaskRef | undefined =>
  name.startsWith('flow ') ? taskRef.safeParse(payload).data : undefined;

export interface JobOrigin {
  readonly traceparent: string | undefined;
  /** When it is due. @default now */
  readonly runAt?: Date;
}

/** The job that carries a task. */
export const jobOf = (
  plan: Pick<Plan, 'flow' | 'version'>,
  step: PlannedStep,
  ref: TaskRef,
  id: string,
  { traceparent, runAt }: JobOrigin,
): NewJob => ({
  id,
  queue: step.queue,
  name: jobNameOf(plan.flow, plan.version),
  payload: JSON.stringify(ref),
  priority: step.priority,
  runAt,
  tenant: undefined,
  tier: undefined,
  key: undefined,
  lane: undefined,
  idempotencyKey: undefined,
  attempts: step.attempts,
  backoff: step.backoff,
  timeoutSeconds: step.timeoutSeconds,
  cause: ref.run,
  traceparent,
});

/** The first task of a step: of a map, the one that finds its items. */
export const firstIndex = (step: Pick<PlannedStep, 'kind'>): number =>
  step.kind === 'map' ? -1 : 0;
