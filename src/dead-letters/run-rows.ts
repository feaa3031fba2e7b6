/** The tables that hold rows of a flow's run besides its own. */
const tables = [
  'flow_task',
  'flow_shard',
  'flow_step',
  'flow_signal',
  'flow_event',
] as const;

/** The parts of a statement that delete all else that there is of runs. @param runs a part of it with their `id` */
export const runRowsSql = (runs: string): string =>
  tables
    .map(
      (table) =>
        `${table}_rows as (delete from ${table} using ${runs} where ${table}.run_id = ${runs}.id)`,
    )
    .join(', ');
