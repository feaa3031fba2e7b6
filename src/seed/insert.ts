import type { EntityManager } from 'typeorm';

/** Columns of each table that sample data fill, by property; the key first. */
const tables = {
  user: [
    'id',
    'username',
    'name',
    'email',
    'timezone',
    'created_at',
    'updated_at',
  ],
  source: ['id', 'handle', 'name', 'created_at'],
  opportunity: ['id', 'title', 'state', 'created_at'],
  digest_subscription: ['user_id', 'frequency', 'preferred_hour', 'created_at'],
  post: [
    'id',
    'source_id',
    'author_id',
    'title',
    'content',
    'created_at',
    'updated_at',
  ],
  comment: [
    'id',
    'post_id',
    'user_id',
    'parent_id',
    'content',
    'created_at',
    'updated_at',
  ],
  post_vote: ['post_id', 'user_id', 'vote', 'voted_at'],
  comment_vote: ['comment_id', 'user_id', 'vote', 'voted_at'],
} as const;

export type SeededTable = keyof typeof tables;

const keys: Partial<Record<SeededTable, string>> = {
  digest_subscription: 'user_id',
  post_vote: 'post_id, user_id',
  comment_vote: 'comment_id, user_id',
};

const camel = (column: string) =>
  column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/**
 * Inserts the rows whose keys are not there yet, and leaves the others as they are.
 *
 * @returns how many it inserted
 */
export const insertMissing = async (
  manager: EntityManager,
  table: SeededTable,
  rows: readonly object[],
): Promise<number> => {
  const columns = tables[table];
  const values = rows.map((row) =>
    Object.fromEntries(
      columns.map((column) => [
        column,
        (row as Record<string, unknown>)[camel(column)],
      ]),
    ),
  );
  const names = columns.join(', ');
  const inserted: unknown[] = await manager.query(
    `insert into "${table}" (${names})
    select ${names} from json_populate_recordset(null::"${table}", $1)
    on conflict (${keys[table] ?? 'id'}) do nothing
    returning 1`,
    [JSON.stringify(values)],
  );
  return inserted.length;
};
