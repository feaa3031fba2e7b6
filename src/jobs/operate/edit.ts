import type { EntityManager } from 'typeorm';

/**
 * Gives a job that failed for good another payload, with which it runs the next time.
 *
 * @returns the payload that it had, as JSON; `undefined` if it has not failed, or is not there
 */
export const editFailedJob = async (
  manager: EntityManager,
  id: string,
  payload: string,
): Promise<string | undefined> => {
  const [rows] = await manager.query<[{ payload: string }[], number]>(
    `with before as materialized (
       select id, payload::text from job where id = $1 and state = 'failed' for update
     )
     update job set payload = $2::jsonb from before where job.id = before.id
     returning before.payload`,
    [id, payload],
  );
  return rows[0]?.payload;
};
