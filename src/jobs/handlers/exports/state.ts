import type { DataSource, EntityManager } from 'typeorm';

import type { Export } from '../../../entity/index.ts';

/** An export as far as its job needs it. */
export type RunningExport = Pick<
  Export,
  'id' | 'kind' | 'format' | 'objectKey'
> & {
  readonly userId: string;
};

/** Characters of an error that are kept with the export. */
const errorLength = 500;

/**
 * Marks an export as running.
 *
 * @returns undefined if there is nothing to do: it is ready, or gone, or its person is.
 */
export const begin = async (
  con: DataSource,
  id: string,
): Promise<RunningExport | undefined> => {
  const [rows] = await con.query<[RunningExport[], number]>(
    `update export set state = 'running'
      where id = $1 and state <> 'ready' and user_id is not null
      returning id, user_id as "userId", kind, format, object_key as "objectKey"`,
    [id],
  );
  return rows[0];
};

/** What a file has become. */
export interface WrittenFile {
  readonly rows: number;
  readonly bytes: number;
}

export type Finished = 'ready' | 'was ready' | 'gone';

/** Marks an export as ready; of two runs of one job only one does it. */
export const finish = async (
  manager: EntityManager,
  id: string,
  { rows, bytes }: WrittenFile,
): Promise<Finished> => {
  const [found] = await manager.query<{ state: Export['state'] }[]>(
    'select state from export where id = $1 and user_id is not null for no key update',
    [id],
  );
  if (!found) return 'gone';
  if (found.state === 'ready') return 'was ready';
  await manager.query(
    `update export
        set state = 'ready', rows = $2, bytes = $3, error = null, finished_at = now()
      where id = $1`,
    [id, rows, bytes],
  );
  return 'ready';
};

/** Keeps why an attempt failed. @param last whether no further attempt follows by itself. */
export const fail = async (
  con: DataSource,
  id: string,
  error: unknown,
  last: boolean,
): Promise<void> => {
  const told =
    error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  await con.query(
    `update export
        set state = $2, error = $3, finished_at = case when $2 = 'failed' then now() end
      where id = $1 and state = 'running'`,
    [
      id,
      last ? 'failed' : 'requested',
      told.replaceAll('\0', '').slice(0, errorLength),
    ],
  );
};
