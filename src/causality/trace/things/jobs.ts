import { type Item, nodeId } from '../node.ts';
import type { Reader } from '../reader.ts';
import { either, ofCause, ofId, optional } from './by-index.ts';

interface JobRow {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly state: string;
  readonly attempt: number;
  readonly attempts: number;
  readonly cause: string | null;
  readonly run: string | null;
  readonly step: string | null;
  readonly created_at: Date;
  readonly run_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly transaction: string | null;
}

const jobColumns = `id, name, queue, state, attempt, attempts, cause, created_at, run_at, started_at,
  case when name like 'flow %' then payload ->> 'run' end as run,
  case when name like 'flow %' then payload ->> 'step' end as step`;

const jobsIn = (table: string, rest: string) =>
  either(
    `select ${jobColumns}, ${rest} from ${table}`,
    ofId,
    `${ofCause} and name not like 'flow %'`,
  );

const jobsSql = `${jobsIn('job', 'failed_at as finished_at, null as transaction')}
  union all ${jobsIn('jobs_completed', 'finished_at, xmin::text as transaction')}`;

const jobItem = (row: JobRow): Item => ({
  node: {
    id: nodeId('job', row.id),
    kind: 'job',
    key: row.id,
    title: row.name,
    at: row.created_at,
    until: optional(row.finished_at),
    state: row.state,
    summary: `attempt ${row.attempt} of ${row.attempts}${
      row.started_at === null
        ? ''
        : `, began ${Math.max(0, row.started_at.getTime() - row.run_at.getTime())} ms after it was due`
    }`,
    facts: { queue: row.queue },
  },
  ...(row.run !== null && row.step !== null
    ? { parent: nodeId('step', `${row.run}:${row.step}`) }
    : { cause: optional(row.cause) }),
  made: { name: `job ${row.name}` },
  ...(row.transaction !== null &&
    row.finished_at !== null && {
      transaction: { id: Number(row.transaction), at: row.finished_at },
    }),
});

/** By their own ids, and by what caused them. */
export const jobs = async (
  reader: Reader,
  ids: readonly string[],
  causes: readonly string[],
): Promise<Item[]> =>
  (await reader.rows<JobRow>(jobsSql, [ids, causes])).map(jobItem);
