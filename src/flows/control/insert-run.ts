import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import {
  enqueueSql,
  jobRecord,
  jobRecordSql,
} from '../../jobs/store/enqueue.ts';
import { prepared } from '../../jobs/store/prepared.ts';
import { firstIndex, jobOf } from '../backend/job.ts';
import type { AnyFlow } from '../dsl/definition.ts';
import { begin } from '../orchestration/advance.ts';
import { planOf } from '../dsl/plan-of.ts';
import { storePlan } from './plans.ts';

export interface NewRun {
  readonly flow: AnyFlow;
  /** JSON. */
  readonly input: string;
  /** Of the run. @default a new UUIDv7 */
  readonly id?: string;
  /** A second run with the same key is never made. @default the id */
  readonly key?: string | undefined;
  readonly cause: string | undefined;
  readonly traceparent: string | undefined;
  /** The step that waits for it. */
  readonly parent?: { readonly run: string; readonly step: string };
}

export interface StartedRun {
  readonly id: string;
  /** `false`: a run with this key was there before, and `id` is its id. */
  readonly created: boolean;
}

const statement = `
  with run as (
    insert into flow_run (
      id, flow, version, plan_id, key, state, input, pending, cause, traceparent, parent_run, parent_step, ended_at)
    values ($1, $2, $3, $4, $5, case when $7::int = 0 then 'completed' else 'running' end, $6::jsonb, $7::int, $8, $9,
      $10, $11, case when $7::int = 0 then now() end)
    on conflict do nothing returning id, pending
  ), step as (
    insert into flow_step (run_id, name, position, kind, deps, last, state, waiting_on, pending_tasks, started_at)
    select run.id, name, position, kind, deps, last, case when waiting_on = 0 then 'running' else 'pending' end,
      waiting_on, case when waiting_on = 0 then 1 else 0 end, case when waiting_on = 0 then clock_timestamp() end
    from run cross join jsonb_to_recordset($12) as entry (
      name text, position int, kind text, deps text[], last boolean, waiting_on int)
  ), first as materialized (
    select entry.* from run cross join jsonb_to_recordset($13) as entry (step text, idx int, job jsonb)
  ), task as (
    insert into flow_task (run_id, step, idx, state, job_id)
    select $1, step, idx, 'queued', (job ->> 'id')::uuid from first
  ), event as (
    insert into flow_event (run_id, type, step)
    select id, 'run started', null from run
    union all select $1, 'step started', step from first
    union all select id, 'run completed', null from run where pending = 0
  ), new_job as materialized (
    select record.*, row_number() over (partition by queue, tenant, rank order by place) as nth
    from first cross join lateral jsonb_to_record(first.job) as record ${jobRecordSql}
  ), ${enqueueSql('new_job')}
  select id, (select count(*) from told) as told from run`;

/** Writes a run down, with all its steps, and has those begin that wait for nothing. */
export const insertRun = async (
  manager: EntityManager,
  { flow, input, id = uuidv7(), key = id, cause, traceparent, parent }: NewRun,
): Promise<StartedRun> => {
  const plan = planOf(flow);
  const { steps, pending } = begin(plan);
  await storePlan(manager, plan);
  const written = await prepared<{ id: string }>(manager, statement, [
    id,
    plan.flow,
    plan.version,
    plan.id,
    key,
    input,
    pending,
    cause ?? null,
    traceparent ?? null,
    parent?.run ?? null,
    parent?.step ?? null,
    JSON.stringify(
      steps.map(({ step, position, last, waitingOn }) => ({
        name: step.name,
        position,
        kind: step.kind,
        deps: step.deps,
        last,
        waiting_on: waitingOn,
      })),
    ),
    JSON.stringify(
      steps
        .filter(({ waitingOn }) => waitingOn === 0)
        .map(({ step }, place) => {
          const idx = firstIndex(step);
          const ref = { run: id, step: step.name, idx };
          return {
            step: step.name,
            idx,
            job: jobRecord(
              jobOf(plan, step, ref, uuidv7(), { traceparent }),
              place,
            ),
          };
        }),
    ),
  ]);
  if (written.length > 0) return { id, created: true };
  const [holder] = await manager.query<{ id: string }[]>(
    'select id from flow_run where flow = $1 and key = $2 or id = $3 limit 1',
    [plan.flow, key, id],
  );
  return { id: holder?.id ?? id, created: false };
};
