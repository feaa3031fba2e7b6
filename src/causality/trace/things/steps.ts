import {
  type CausalNode,
  type Item,
  nodeId,
  type Transaction,
} from '../node.ts';
import { mostRows, type Reader } from '../reader.ts';
import { optional } from './by-index.ts';

const stepsSql = `
  select run_id, name, kind, state, reason, started_at, ended_at,
    (select min(created_at) from flow_task where flow_task.run_id = flow_step.run_id and step = name) as created_at,
    (select coalesce(max(attempt), 0)::int from flow_task where flow_task.run_id = flow_step.run_id and step = name) as attempt,
    (select count(*)::int from flow_task where flow_task.run_id = flow_step.run_id and step = name and idx >= 0) as tasks
    from flow_step where run_id = any($1::uuid[]) order by run_id, position limit ${mostRows}`;

interface StepRow {
  readonly run_id: string;
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly created_at: Date | null;
  readonly attempt: number;
  readonly tasks: number;
}

const stepItem = (row: StepRow): Item => {
  const key = `${row.run_id}:${row.name}`;
  const node: CausalNode = {
    id: nodeId('step', key),
    kind: 'step',
    key,
    title: row.name,
    at: row.started_at ?? optional(row.created_at),
    until: optional(row.ended_at),
    state: row.state,
    summary: [
      row.kind,
      ...(row.tasks > 1 ? [`${row.tasks} items`] : []),
      ...(row.attempt > 1 ? [`attempt ${row.attempt}`] : []),
    ].join(', '),
  };
  return { node, parent: nodeId('run', row.run_id) };
};

/** The steps of runs; what their handlers made has the step's task as its cause. */
export const stepsOf = async (
  reader: Reader,
  runs: readonly string[],
): Promise<Item[]> =>
  runs.length === 0
    ? []
    : (await reader.rows<StepRow>(stepsSql, [runs])).map(stepItem);

/** When the tasks of steps were settled, and in which transactions: those of their handlers, if they have one. */
export const settledTasks = async (
  reader: Reader,
  steps: readonly Item[],
): Promise<{ readonly id: string; readonly transaction: Transaction }[]> => {
  if (steps.length === 0) return [];
  const rows = await reader.rows<{
    key: string;
    transaction: string;
    at: Date;
  }>(
    `select run_id || ':' || step as key, jobs_completed.xmin::text as transaction, finished_at as at
       from flow_task join jobs_completed on jobs_completed.id = job_id
      where run_id = any($1::uuid[]) and run_id || ':' || step = any($2) limit ${mostRows}`,
    [
      [...new Set(steps.map(({ node }) => node.key.split(':')[0]))],
      steps.map(({ node }) => node.key),
    ],
  );
  return rows.map(({ key, transaction, at }) => ({
    id: nodeId('step', key),
    transaction: { id: Number(transaction), at },
  }));
};
