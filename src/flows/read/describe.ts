import type { EntityManager } from 'typeorm';

import { loadPlan } from '../control/plans.ts';
import { runRow } from '../control/run-row.ts';
import type { StepKind } from '../plan.ts';
import { findRun, type FlowRun } from './run.ts';
import { stepRows, type StepRow } from './steps.ts';
import { whyWaiting } from './why.ts';

/** What a step is doing: `queued`, `running`, `retrying` and `waiting` are what has begun and not ended. */
export type StepView =
  | 'pending'
  | 'queued'
  | 'running'
  | 'retrying'
  | 'waiting'
  | 'completed'
  | 'skipped'
  | 'failed';

export interface StepDescription {
  readonly name: string;
  readonly kind: StepKind;
  readonly deps: readonly string[];
  readonly transactional: boolean;
  readonly conditional: boolean;
  readonly state: StepView;
  /** Why it has not ended, or why it failed; `undefined` of steps that completed. */
  readonly why: string | undefined;
  /** Of a map, its items; else 0 or 1. */
  readonly tasks: {
    readonly total: number;
    readonly done: number;
    readonly running: number;
    readonly queued: number;
    readonly failed: number;
  };
  /** 0 to 1. */
  readonly progress: number;
  /** Of attempts permitted. */
  readonly attempt: number | undefined;
  readonly attempts: number;
  /** The job that carries it now. */
  readonly jobId: string | undefined;
  /** The run of its child. */
  readonly childRun: string | undefined;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
}

export interface TimelineEntry {
  readonly at: Date;
  /** Such as `run started`, `step completed`, `signal sent`, `run retried`. */
  readonly type: string;
  readonly step: string | undefined;
  /** Of a map's item. */
  readonly index: number | undefined;
  readonly detail: Readonly<Record<string, unknown>> | undefined;
}

export interface RunDescription {
  readonly run: FlowRun;
  /** In the order of the plan. */
  readonly steps: readonly StepDescription[];
  /** 0 to 1, by steps; a map counts by its items. */
  readonly progress: number;
  /** The oldest first; the newest 1,000. */
  readonly timeline: readonly TimelineEntry[];
}

const viewOf = (row: StepRow): StepView => {
  if (row.state !== 'running') return row.state;
  if (row.running > 0) return 'running';
  if (row.retrying > 0) return 'retrying';
  return row.waiting > 0 ? 'waiting' : 'queued';
};

const progressOf = ({ state, total, done }: StepRow): number => {
  if (state === 'completed' || state === 'skipped') return 1;
  return total === 0 ? 0 : done / total;
};

const timelineOf = async (
  manager: EntityManager,
  run: string,
): Promise<TimelineEntry[]> => {
  const rows = await manager.query<
    {
      at: Date;
      type: string;
      step: string | null;
      idx: number | null;
      detail: Record<string, unknown> | null;
    }[]
  >(
    `select * from (
       select id, at, type, step, idx, detail from flow_event where run_id = $1 order by id desc limit 1000
     ) as newest order by id`,
    [run],
  );
  return rows.map(({ at, type, step, idx, detail }) => ({
    at,
    type,
    step: step ?? undefined,
    index: idx ?? undefined,
    detail: detail ?? undefined,
  }));
};

/**
 * A run with its steps, why each unfinished one waits, how far it is, and what happened.
 *
 * @returns `undefined` if there is no run of this id
 */
export const describeRun = async (
  manager: EntityManager,
  id: string,
): Promise<RunDescription | undefined> => {
  const run = await findRun(manager, id);
  if (!run) return undefined;
  const plan = await loadPlan(manager, (await runRow(manager, id)).plan_id);
  const rows = new Map(
    (await stepRows(manager, id)).map((row) => [row.name, row]),
  );
  const ended = new Set(
    [...rows.values()]
      .filter(({ state }) => state === 'completed' || state === 'skipped')
      .map(({ name }) => name),
  );
  const steps = plan.steps.flatMap((step): StepDescription[] => {
    const row = rows.get(step.name);
    if (!row) return [];
    return [
      {
        name: step.name,
        kind: step.kind,
        deps: step.deps,
        transactional: step.transactional,
        conditional: step.conditional,
        state: viewOf(row),
        why: whyWaiting(step, row, ended, run.state),
        tasks: {
          total: row.total,
          done: row.done,
          running: row.running,
          queued: row.queued,
          failed: row.failed,
        },
        progress: progressOf(row),
        attempt: row.attempt ?? undefined,
        attempts: step.attempts,
        jobId: row.job_id ?? undefined,
        childRun: row.child_run ?? undefined,
        startedAt: row.started_at ?? undefined,
        endedAt: row.ended_at ?? undefined,
      },
    ];
  });
  return {
    run,
    steps,
    progress:
      steps.length === 0
        ? 1
        : steps.reduce((sum, { progress }) => sum + progress, 0) / steps.length,
    timeline: await timelineOf(manager, id),
  };
};
