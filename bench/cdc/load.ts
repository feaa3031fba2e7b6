import type pg from 'pg';

/** People whose rows are updated: so many keys. */
export const people = 200;

const names = Array.from({ length: people }, (_, place) => `person-${place}`);

/** The people; nobody has to stream them yet. */
export const populate = (sql: pg.Client): Promise<unknown> =>
  sql.query(
    `insert into "user" (id, username, name, email)
     select gen_random_uuid(), name, 'Ada Lovelace', name || '@example.com' from unnest($1::text[]) name`,
    [names],
  );

const insertRows = `
  insert into "user" (id, username, name, email)
  select gen_random_uuid(), 'u' || gen_random_uuid(), 'Ada Lovelace', gen_random_uuid() || '@example.com'
  from generate_series(1, $1::int)`;

const updateRows = `update "user" set reputation = reputation + 1 where username = any($1)`;

/** How rows come to be changed; each writes about so many, and tells how many. */
export const loads = {
  /** Every person's row again and again, a transaction each time: few keys, many changes of each. */
  updates: async (sql: pg.Client, rows: number): Promise<number> => {
    const rounds = Math.ceil(rows / people);
    for (let round = 0; round < rounds; round += 1)
      await sql.query(updateRows, [names]);
    return rounds * people;
  },

  /** New rows, a hundred a transaction: every change has a key of its own, and so a call of its own. */
  inserts: async (sql: pg.Client, rows: number): Promise<number> => {
    const rounds = Math.ceil(rows / 100);
    for (let round = 0; round < rounds; round += 1)
      await sql.query(insertRows, [100]);
    return rounds * 100;
  },
} as const;

export type Load = keyof typeof loads;

/** New rows, all in one transaction. */
export const oneTransaction = async (
  sql: pg.Client,
  rows: number,
): Promise<number> => {
  await sql.query(insertRows, [rows]);
  return rows;
};

/** One change of one of the people, in a transaction of its own. */
export const changeOne = (sql: pg.Client, place: number): Promise<unknown> =>
  sql.query(updateRows, [[names[place % people]]]);
