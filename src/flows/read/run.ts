import type { EntityManager } from 'typeorm';

import type { RunState } from '../control/run-row.ts';
import { runOutput } from './output.ts';

/** A run, as it can be looked at. */
export interface FlowRun {
  readonly id: string;
  readonly flow: string;
  readonly version: number;
  readonly key: string;
  readonly state: RunState;
  /** The id of the event, the row change or the run that it was started for. */
  readonly cause: string | undefined;
  readonly traceparent: string | undefined;
  /** The step that waits for it as its child. */
  readonly parent: { readonly run: string; readonly step: string } | undefined;
  /** Why it is in this state, if somebody or something has said. */
  readonly reason: string | undefined;
  /** Steps that have ended, skipped ones included, and steps in all. */
  readonly done: number;
  readonly steps: number;
  readonly createdAt: Date;
  readonly endedAt: Date | undefined;
}

interface Row {
  readonly id: string;
  readonly flow: string;
  readonly version: number;
  readonly key: string;
  readonly state: RunState;
  readonly cause: string | null;
  readonly traceparent: string | null;
  readonly parent_run: string | null;
  readonly parent_step: string | null;
  readonly reason: string | null;
  readonly done: number;
  readonly steps: number;
  readonly created_at: Date;
  readonly ended_at: Date | null;
}

const select = `
  select run.id, run.flow, run.version, run.key, run.state, run.cause, run.traceparent, run.parent_run,
    run.parent_step, run.reason, run.created_at, run.ended_at, counted.done, counted.steps
  from flow_run run cross join lateral (
    select count(*)::int as steps, count(*) filter (where state in ('completed', 'skipped'))::int as done
    from flow_step where run_id = run.id
  ) as counted`;

const runOf = (row: Row): FlowRun => ({
  id: row.id,
  flow: row.flow,
  version: row.version,
  key: row.key,
  state: row.state,
  cause: row.cause ?? undefined,
  traceparent: row.traceparent ?? undefined,
  parent:
    row.parent_run !== null && row.parent_step !== null
      ? { run: row.parent_run, step: row.parent_step }
      : undefined,
  reason: row.reason ?? undefined,
  done: row.done,
  steps: row.steps,
  createdAt: row.created_at,
  endedAt: row.ended_at ?? undefined,
});

/** @returns the run; `undefined` if there is none of this id. */
export const findRun = async (
  manager: EntityManager,
  id: string,
): Promise<FlowRun | undefined> => {
  const [row] = await manager.query<Row[]>(`${select} where run.id = $1`, [id]);
  return row && runOf(row);
};

/** A run with what it was started with, and what came out. */
export interface FlowRunResult extends FlowRun {
  readonly input: unknown;
  /** Of its last step; `null` if that was skipped or the run has not completed. */
  readonly output: unknown;
}

/**
 * @returns the run with input and output; `undefined` if there is none of this id.
 * @throws RunOutputTooLargeError
 */
export const getFlowRun = async (
  manager: EntityManager,
  id: string,
): Promise<FlowRunResult | undefined> => {
  const run = await findRun(manager, id);
  if (!run) return undefined;
  const [row] = await manager.query<{ input: unknown }[]>(
    'select input from flow_run where id = $1',
    [id],
  );
  return {
    ...run,
    input: row?.input ?? null,
    output: JSON.parse(await runOutput(manager, id)) as unknown,
  };
};

export interface RunFilter {
  readonly flow?: string;
  readonly state?: RunState;
  /** Started for this event, row change or run. */
  readonly cause?: string;
  /** Started before the run of this id, for the next page. */
  readonly before?: string;
  /** 1 to 1000. @default 50 */
  readonly limit?: number;
}

/** Milliseconds that a list may take. */
const patience = 5_000;

/** Runs, the newest first. @throws whatever Postgres says if it takes longer than 5 s */
export const listFlowRuns = async (
  manager: EntityManager,
  { flow, state, cause, before, limit = 50 }: RunFilter = {},
): Promise<FlowRun[]> => {
  const list = `${select}
     where ($1::text is null or run.flow = $1) and ($2::text is null or run.state = $2)
       and ($3::text is null or run.cause = $3)
       and ($4::uuid is null or (run.created_at, run.id) < (select created_at, id from flow_run where id = $4))
     order by run.created_at desc, run.id desc limit $5`;
  const rows = await manager.transaction(async (own) => {
    await own.query(`select set_config('statement_timeout', $1, true)`, [
      String(patience),
    ]);
    return own.query<Row[]>(list, [
      flow ?? null,
      state ?? null,
      cause ?? null,
      before ?? null,
      Math.min(1_000, Math.max(1, limit)),
    ]);
  });
  return rows.map(runOf);
};
