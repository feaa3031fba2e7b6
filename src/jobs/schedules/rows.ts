import type { DataSource, EntityManager } from 'typeorm';

/** What is known of a schedule's past. */
export interface ScheduleRow {
  readonly name: string;
  readonly expression: string;
  readonly timezone: string;
  /** Every tick up to this moment has been dealt with. */
  readonly handledUntil: Date;
  readonly lastTick: Date | null;
  readonly seenAt: Date;
}

const columns = `name, expression, timezone, handled_until as "handledUntil",
  last_tick as "lastTick", seen_at as "seenAt"`;

/** All rows, also of schedules that are declared no more. */
export const readSchedules = (
  con: DataSource | EntityManager,
): Promise<ScheduleRow[]> =>
  con.query(`select ${columns} from schedule order by name`);

/** Locks a schedule until the transaction ends; undefined if another process holds it, or it has no row. */
export const lockSchedule = async (
  manager: EntityManager,
  name: string,
): Promise<ScheduleRow | undefined> => {
  const [row] = await manager.query<ScheduleRow[]>(
    `select ${columns} from schedule where name = $1 for update skip locked`,
    [name],
  );
  return row;
};

/** Begins a schedule: its first tick is the first after `now`. */
export const beginSchedule = async (
  con: DataSource,
  name: string,
  expression: string,
  timezone: string,
  now: Date,
): Promise<void> => {
  await con.query(
    `insert into schedule (name, expression, timezone, handled_until, seen_at)
     values ($1, $2, $3, $4, $4) on conflict do nothing`,
    [name, expression, timezone, now],
  );
};

/** Says up to when a locked schedule's ticks have been dealt with. */
export const advanceSchedule = async (
  manager: EntityManager,
  name: string,
  expression: string,
  timezone: string,
  now: Date,
  lastTick: Date | undefined,
): Promise<void> => {
  await manager.query(
    `update schedule
     set expression = $2, timezone = $3, handled_until = $4, seen_at = $4,
       last_tick = coalesce($5, last_tick)
     where name = $1`,
    [name, expression, timezone, now, lastTick ?? null],
  );
};

/** Says that schedules are still declared, so that they are not forgotten. */
export const markSeen = async (
  con: DataSource,
  names: readonly string[],
  now: Date,
): Promise<void> => {
  await con.query(
    `update schedule set seen_at = $2 where name = any($1::text[])`,
    [names, now],
  );
};

/** Forgets schedules that no process has declared since a moment. @returns their names. */
export const forgetSchedules = async (
  con: DataSource,
  declared: readonly string[],
  before: Date,
): Promise<string[]> => {
  const rows = await con.query<{ name: string }[]>(
    `with forgotten as (
       delete from schedule where name <> all($1::text[]) and seen_at < $2 returning name
     ) select name from forgotten order by name`,
    [declared, before],
  );
  return rows.map(({ name }) => name);
};
