import type { EntityManager } from 'typeorm';

/**
 * Gives a job that failed for good another payload, with which it runs the next time.
 *
 * @returns whether it has failed and is still there
 */
export const editFailedJob = async (
  manager: EntityManager,
  id: string,
  payload: string,
): Promise<boolean> => {
  const [, edited] = await manager.query<[unknown[], number]>(
    `update job set payload = $2::jsonb where id = $1 and state = 'failed'`,
    [id, payload],
  );
  return edited > 0;
};
