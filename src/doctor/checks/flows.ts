import {
  brokenCountersSql,
  type BrokenCounter,
} from '../../flows/invariants.ts';
import type { Check, Finding, Patient } from '../check.ts';
import { silence } from '../../observation/processes/silence.ts';
import { counted, roughAge } from '../text.ts';

type Query = Parameters<Check['run']>[0]['query'];

/** Seconds after which the sweeper has looked more than once. */
const patience = 120;

/** Lines of one kind. */
const shown = 10;

const counters = async (query: Query): Promise<Finding[]> => {
  const rows = await query<BrokenCounter>(brokenCountersSql, [shown]);
  return rows.map(({ counter, run, step, stored, counted: there }) => ({
    level: 'broken',
    message: `${counter} of run ${run}${step === null ? '' : `, step ${step}`} is ${stored}, but there are ${there}.`,
    remedy: `nightshift flows show ${run}; let it begin again: nightshift flows cancel ${run}, then flows retry ${run}`,
  }));
};

const orphans = async (query: Query): Promise<Finding[]> => {
  const rows = await query<{ run: string; step: string; tasks: number }>(
    `select task.run_id as run, task.step, count(*)::int as tasks
       from flow_task task join flow_run run on run.id = task.run_id
      where run.state = 'running'
        and (task.state in ('queued', 'running') or (task.state = 'waiting' and task.due_at is not null))
        and task.created_at < now() - make_interval(secs => $1)
        and not exists (select from job where job.id = task.job_id)
      group by 1, 2 order by 1, 2 limit $2`,
    [patience, shown],
  );
  return rows.map(({ run, step, tasks }) => ({
    level: 'warning',
    message: `${counted(tasks, 'task')} of step ${step} of run ${run} ${tasks === 1 ? 'has' : 'have'} no job any more.`,
    remedy:
      'the sweeper gives them others within a minute, where nightshift background or nightshift jobs runs',
  }));
};

const stuck = async (query: Query): Promise<Finding[]> => {
  const rows = await query<{ run: string; flow: string; age: number }>(
    `select id as run, flow, extract(epoch from now() - created_at)::float8 as age from flow_run
      where state = 'running' and created_at < now() - make_interval(secs => $1)
        and not exists (
          select from flow_task where run_id = flow_run.id and state in ('queued', 'running', 'waiting'))
      order by created_at limit $2`,
    [patience, shown],
  );
  return rows.map(({ run, flow, age }) => ({
    level: 'broken',
    message: `Run ${run} of ${flow}, begun ${roughAge(age)} ago, is running, but none of its steps is.`,
    remedy: `nightshift flows show ${run}; nightshift flows cancel ${run}, then flows retry ${run}`,
  }));
};

const expired = async (query: Query): Promise<Finding[]> => {
  const rows = await query<{ run: string; step: string; age: number }>(
    `select task.run_id as run, task.step, extract(epoch from now() - task.due_at)::float8 as age
       from flow_task task join flow_run run on run.id = task.run_id
      where run.state = 'running' and task.state = 'waiting' and task.job_id is not null
        and task.due_at < now() - make_interval(secs => $1)
      order by task.due_at limit $2`,
    [patience, shown],
  );
  return rows.map(({ run, step, age }) => ({
    level: 'broken',
    message: `Step ${step} of run ${run} should have ended waiting ${roughAge(age)} ago.`,
    remedy:
      'does nightshift background or nightshift jobs run, with this flow, and is its queue paused? nightshift queues',
  }));
};

const unknown = async (
  query: Query,
  flows: Patient['deployment']['flows'],
): Promise<Finding[]> => {
  if (!flows) return [];
  const rows = await query<{
    flow: string;
    version: number;
    runs: number;
    run: string;
  }>(
    `select flow, version, count(*)::int as runs, min(id::text) as run from flow_run
      where state in ('running', 'paused')
        and flow || '@' || version <> all($1::text[])
        -- While versions are exchanged, some of the processes are newer than this one, or older.
        and not exists (
          select from process_report process
          where process.stopped_at is null and process.seen_at > now() - make_interval(secs => $2)
            and flow_run.flow || '@' || flow_run.version = any(process.flows))
      group by 1, 2 order by 1, 2 limit $3`,
    [flows.map(({ name, version }) => `${name}@${version}`), silence, shown],
  );
  return rows.map(({ flow, version, runs, run }) => ({
    level: 'broken',
    message: `${counted(runs, 'run')} of ${flow}, version ${version}, cannot go on: neither this version of Nightshift nor any process that runs knows it.`,
    remedy: `register it again beside the others in src/flows/definitions/index.ts, or give the runs up: nightshift flows cancel ${run}`,
  }));
};

/** Counters of flows count what is there, every task has a job, every run goes on, can go on, and no wait outlasts its time. */
export const flowsCheck: Check = {
  name: 'flows',
  needs: ['database'],
  run: async ({ query, deployment }) => {
    const findings = (
      await Promise.all([
        counters(query),
        orphans(query),
        stuck(query),
        expired(query),
        unknown(query, deployment.flows),
      ])
    ).flat();
    return findings.length > 0
      ? findings
      : [{ level: 'ok', message: 'Runs of flows go on or have ended.' }];
  },
};
