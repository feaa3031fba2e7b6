import type { DataSource, EntityManager } from 'typeorm';

/** The database's clock, which all processes share. */
export const databaseClock = async (
  con: DataSource | EntityManager,
): Promise<Date> => {
  const [row] = await con.query<{ now: Date }[]>(
    'select clock_timestamp() as now',
  );
  return row!.now;
};
