import type { EntityManager } from 'typeorm';

import { bytesSql, largestFanIn, outputSql } from '../backend/claim-sql.ts';
import { RunOutputTooLargeError } from '../errors.ts';

/**
 * The output of a run, that of its last step, as JSON; `null` if that was skipped or has not ended.
 *
 * @throws RunOutputTooLargeError if it is more than 32 MB: that of a map may be
 */
export const runOutput = async (
  manager: EntityManager,
  run: string,
): Promise<string> => {
  const [row] = await manager.query<{ output: string | null; bytes: string }[]>(
    `select case when bytes <= ${largestFanIn} then ${outputSql('$1', 'final.name')}::text end as output, bytes from (
       select name, ${bytesSql('$1', 'step.name')} as bytes from flow_step step
       where run_id = $1 and state = 'completed'
         and position = (select max(position) from flow_step where run_id = $1)
     ) as final`,
    [run],
  );
  const bytes = Number(row?.bytes ?? 0);
  if (bytes > largestFanIn)
    throw new RunOutputTooLargeError(run, bytes, largestFanIn);
  return row?.output ?? 'null';
};
