import type { DataSource } from 'typeorm';

interface Counted {
  readonly counted: string;
  readonly stored: number;
}

/** The statements of one kind of content; table names cannot be parameters. */
const statementsFor = (table: 'post' | 'comment') => ({
  read: `
    select upvotes as stored,
      (select count(*) from ${table}_vote where ${table}_id = $1 and vote = 1) as counted
    from ${table} where id = $1`,
  lock: `select id from ${table} where id = $1 for no key update`,
  write: `
    update ${table}
    set upvotes = (select count(*) from ${table}_vote where ${table}_id = $1 and vote = 1)
    where id = $1`,
});

const statements = {
  post: statementsFor('post'),
  comment: statementsFor('comment'),
};

/**
 * Makes the upvotes of a post or comment agree with its vote rows again, if a vote was changed by
 * another path than the API, which writes both in one transaction. Content that is gone is passed
 * over.
 */
export const recountUpvotes = async (
  con: DataSource,
  table: 'post' | 'comment',
  id: string,
): Promise<void> => {
  const { read, lock, write } = statements[table];
  // Nearly always the two agree, which is found out without a lock.
  const [row] = await con.query<Counted[]>(read, [id]);
  if (!row || row.stored === Number(row.counted)) return;
  await con.transaction(async (manager) => {
    // Two statements: only the second one sees what was committed while the first one waited.
    await manager.query(lock, [id]);
    await manager.query(write, [id]);
  });
};
