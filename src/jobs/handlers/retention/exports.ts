import type { QueryRunner } from 'typeorm';

import type { ObjectStorage } from '../../../storage/object-storage.ts';

/** Exports deleted between two looks at the signal: each is a call of the storage. */
const batch = 100;

/** An export of somebody who is gone is too old at once. */
const condition = '(requested_at < $1 or user_id is null)';

/** Counts exports that are too old. */
export const countExports = async (
  runner: QueryRunner,
  cutoff: Date,
): Promise<number> => {
  const [row] = (await runner.query(
    `select count(*)::int as rows from export where ${condition}`,
    [cutoff],
  )) as { rows: number }[];
  return row?.rows ?? 0;
};

/**
 * Deletes exports that are too old: the object first, then the row that names it, so that no object is ever
 * left that nothing names.
 *
 * @returns how many.
 * @throws the signal's reason; what the storage says.
 */
export const deleteExports = async (
  runner: QueryRunner,
  storage: ObjectStorage,
  cutoff: Date,
  signal: AbortSignal,
): Promise<number> => {
  let deleted = 0;
  for (;;) {
    const rows = (await runner.query(
      `select id, object_key as "objectKey" from export where ${condition} order by id limit $2`,
      [cutoff, batch],
    )) as { id: string; objectKey: string }[];
    for (const { id, objectKey } of rows) {
      signal.throwIfAborted();
      await storage.delete(objectKey);
      await runner.query('delete from export where id = $1', [id]);
      deleted += 1;
    }
    if (rows.length < batch) return deleted;
  }
};
