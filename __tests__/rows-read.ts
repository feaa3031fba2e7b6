import type { DataSource, EntityManager } from 'typeorm';

/** Rows of the tables of tasks and jobs that one connection has read in its transaction. */
const soFar = async (manager: EntityManager): Promise<number> => {
  const [row] = await manager.query<{ rows: number }[]>(
    `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as rows
     from pg_stat_xact_user_tables where relname in ('flow_task', 'job')`,
  );
  return row!.rows;
};

/** Rows of tasks and jobs that some work reads, with the plan that a connection keeps for a statement it has seen often. */
export const rowsRead = (
  con: DataSource,
  work: (manager: EntityManager) => Promise<unknown>,
): Promise<number> =>
  con.transaction(async (manager) => {
    await manager.query('set local plan_cache_mode = force_generic_plan');
    const before = await soFar(manager);
    await work(manager);
    return (await soFar(manager)) - before;
  });
