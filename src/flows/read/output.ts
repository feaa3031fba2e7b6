import type { EntityManager } from 'typeorm';

import { outputSql } from '../backend/claim-sql.ts';

/** The output of a run, that of its last step, as JSON; `null` if that was skipped or has not ended. */
export const runOutput = async (
  manager: EntityManager,
  run: string,
): Promise<string> => {
  const [row] = await manager.query<{ output: string | null }[]>(
    `select ${outputSql('$1', 'final.name')}::text as output from (
       select name from flow_step where run_id = $1 and state = 'completed'
         and position = (select max(position) from flow_step where run_id = $1)
     ) as final`,
    [run],
  );
  return row?.output ?? 'null';
};
