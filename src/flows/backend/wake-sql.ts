import { enqueueSql, jobRecordSql } from '../../jobs/store/enqueue.ts';

/**
 * The parts of a statement that wake whoever waits for runs that have ended otherwise than well. `runs` names a
 * part with their `parent_run`, `parent_step` and `wake`; read `told`, or no process hears of it.
 */
export const wakeSql = (runs: string): string => `
  woken as (
    update flow_task task set state = 'queued', job_id = (${runs}.wake ->> 'id')::uuid
    from ${runs}
    where task.run_id = ${runs}.parent_run and task.step = ${runs}.parent_step and task.idx = 0
      and task.state = 'waiting'
    returning ${runs}.wake
  ), new_job as materialized (
    select record.*, row_number() over (partition by queue, tenant, rank order by place) as nth
    from woken cross join lateral jsonb_to_record(woken.wake) as record ${jobRecordSql}
  ), ${enqueueSql('new_job')}`;
