import {
  type CausalNode,
  type Item,
  nodeId,
  type Transaction,
} from './node.ts';
import { mostRows, type Reader } from './reader.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
export const uuidsOf = (ids: readonly string[]): string[] =>
  ids.filter((id) => uuid.test(id));

const optional = <Value>(value: Value | null): Value | undefined =>
  value ?? undefined;

/**
 * Rows that meet one of some conditions, each by an index of its own: told of both in one `where`, the planner may
 * rather walk along the order of a large table.
 */
const either = (select: string, ...conditions: readonly string[]): string =>
  conditions
    .map((condition) => `(${select} where ${condition} limit ${mostRows})`)
    .join(' union ');

const ofId = 'id = any($1::uuid[])';
const ofCause = 'cause = any($2)';

/** Events: by their own ids (`$1`), or by what caused them (`$2`). */
const eventsSql = either(
  'select id::text, topic, created_at as at, cause, xmin::text as transaction from outbox',
  ofId,
  ofCause,
);

/** Those that never were in the outbox, or are not there any more, as far as they were delivered. */
const deliveredSql = `
  select distinct on (id) * from (${either(
    'select event_id as id, topic, published_at as at, cause, null as transaction from delivery',
    'event_id = any($1)',
    ofCause,
  )}) recorded order by id, at`;

interface EventRow {
  readonly id: string;
  readonly topic: string;
  readonly at: Date;
  readonly cause: string | null;
  readonly transaction: string | null;
}

export const eventItem = (row: EventRow): Item => ({
  node: {
    id: nodeId('event', row.id),
    kind: 'event',
    key: row.id,
    title: row.topic,
    at: row.at,
    facts: {
      road: row.transaction === null ? 'not in the outbox' : 'outbox',
    },
  },
  cause: optional(row.cause),
  made: { name: row.topic },
  ...(row.transaction !== null && {
    transaction: { id: Number(row.transaction), at: row.at },
  }),
});

interface ChangeRow {
  readonly id: string;
  readonly table_name: string;
  readonly key: string;
  readonly op: 'c' | 'u' | 'd';
  readonly lsn: string | null;
  readonly transaction_id: string | null;
  readonly committed_at: Date;
  readonly decoded_at: Date;
}

const words = { c: 'inserted', u: 'updated', d: 'deleted' } as const;

/** As Postgres writes it: `0/17D8F18`. */
const lsnText = (lsn: string): string => {
  const value = BigInt(lsn);
  return `${(value >> 32n).toString(16)}/${(value & 0xffffffffn).toString(16)}`.toUpperCase();
};

const changeItem = (row: ChangeRow): Item => ({
  node: {
    id: nodeId('row-change', row.id),
    kind: 'row-change',
    key: row.id,
    title: `${row.table_name} ${row.key}`,
    at: row.committed_at,
    state: words[row.op],
    facts: {
      table: row.table_name,
      key: row.key,
      ...(row.lsn !== null && { LSN: lsnText(row.lsn) }),
      ...(row.transaction_id !== null && { transaction: row.transaction_id }),
      'read after commit': `${Math.max(0, row.decoded_at.getTime() - row.committed_at.getTime())} ms`,
    },
  },
  ...(row.transaction_id !== null && {
    transaction: { id: Number(row.transaction_id), at: row.committed_at },
  }),
});

const changesSql = `select id, table_name, key, op, lsn, transaction_id, committed_at, decoded_at from row_change`;

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

interface RunRow {
  readonly id: string;
  readonly flow: string;
  readonly key: string;
  readonly state: string;
  readonly reason: string | null;
  readonly cause: string | null;
  readonly parent_run: string | null;
  readonly parent_step: string | null;
  readonly created_at: Date;
  readonly ended_at: Date | null;
}

const runsSql = either(
  'select id, flow, key, state, reason, cause, parent_run, parent_step, created_at, ended_at from flow_run',
  ofId,
  `${ofCause} and parent_run is null`,
  'parent_run = any($1::uuid[])',
);

const runItem = (row: RunRow): Item => ({
  node: {
    id: nodeId('run', row.id),
    kind: 'run',
    key: row.id,
    title: row.flow,
    at: row.created_at,
    until: optional(row.ended_at),
    state: row.state,
  },
  ...(row.parent_run !== null
    ? { parent: nodeId('step', `${row.parent_run}:${row.parent_step}`) }
    : { cause: optional(row.cause) }),
  made: { name: `flow ${row.flow}`, key: row.key },
});

const toldIn = (from: string) => either(`select ${from}`, ofId, ofCause);

const toldSql = [
  `'notification' as kind, id::text, type as title, created_at as at, null::timestamptz as until, null as state,
     cause, handler, null as parent from notification_v2`,
  `'message', id::text, channel, created_at, null::timestamptz, null, cause, handler, notification_id::text
     from sent_message`,
  `'webhook', id::text, event_type, created_at, settled_at, state, cause, null, null from webhook_deliveries`,
]
  .map(toldIn)
  .join(' union all ');

interface ToldRow {
  readonly kind: 'notification' | 'message' | 'webhook';
  readonly id: string;
  readonly title: string;
  readonly at: Date;
  readonly until: Date | null;
  readonly state: string | null;
  readonly cause: string | null;
  readonly handler: string | null;
  readonly parent: string | null;
}

const toldItem = (row: ToldRow): Item => ({
  node: {
    id: nodeId(row.kind, row.id),
    kind: row.kind,
    key: row.id,
    title: row.title,
    at: row.at,
    until: optional(row.until),
    state: optional(row.state),
  },
  cause: optional(row.cause),
  handler: optional(row.handler),
  ...(row.cause === null &&
    row.parent !== null && { parent: nodeId('notification', row.parent) }),
});

const stepKey = /^([0-9a-f-]{36}):(.+?)(?::-?\d+)?$/;

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

/** The run and step of a task's key, as it stands in causes: `<run>:<step>:<index>`. */
export const stepOf = (
  cause: string,
): { readonly run: string; readonly step: string } | undefined => {
  const [, run, step] = stepKey.exec(cause) ?? [];
  return run === undefined || step === undefined ? undefined : { run, step };
};

/**
 * Things by their own ids, and things by the ids of what caused them, of every kind but deliveries. Ids that are no
 * UUID, of messages without an event id, find events alone.
 */
export const things = async (
  reader: Reader,
  ids: readonly string[],
  causes: readonly string[],
): Promise<Item[]> => {
  if (ids.length + causes.length === 0) return [];
  const uuids = uuidsOf(ids);
  const found: Item[] = [];
  const outbox = await reader.rows<EventRow>(eventsSql, [uuids, causes]);
  const delivered = await reader.rows<EventRow>(deliveredSql, [ids, causes]);
  const changes =
    uuids.length === 0
      ? []
      : await reader.rows<ChangeRow>(
          `${changesSql} where id = any($1::uuid[])`,
          [uuids],
        );
  const changed = new Set(changes.map(({ id }) => id));
  const known = new Set(outbox.map(({ id }) => id));
  found.push(
    ...changes.map(changeItem),
    ...[...outbox, ...delivered.filter(({ id }) => !known.has(id))]
      .filter(({ id }) => !changed.has(id))
      .map(eventItem),
  );
  found.push(
    ...(await reader.rows<JobRow>(jobsSql, [uuids, causes])).map(jobItem),
    ...(await reader.rows<RunRow>(runsSql, [uuids, causes])).map(runItem),
    ...(await reader.rows<ToldRow>(toldSql, [uuids, causes])).map(toldItem),
  );
  return found;
};

/** Row changes that meet a condition, in the order and up to the limit that it ends with. */
export const changesWhere = async (
  reader: Reader,
  condition: string,
  values: readonly unknown[],
  most?: number,
): Promise<Item[]> =>
  (
    await reader.rows<ChangeRow>(
      `${changesSql} where ${condition}`,
      values,
      most,
    )
  ).map(changeItem);
