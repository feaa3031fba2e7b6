import type { EntityManager } from 'typeorm';

import { storable } from '../../dead-letters/text.ts';
import type { Settlement } from '../port.ts';
import { isRunning, sameKey } from './look-up.ts';

/** Writes down what runs told of themselves, over what they told before; runs that others own now are left out. */
export const keepNotes = async (
  manager: EntityManager,
  runs: readonly Pick<Settlement, 'id' | 'fence' | 'progress' | 'log'>[],
): Promise<void> => {
  const telling = runs.filter(
    ({ progress, log }) => progress !== undefined || (log?.length ?? 0) > 0,
  );
  if (telling.length === 0) return;
  await manager.query(
    `insert into job_attempt (job_id, fence, attempt, worker, started_at, progress, log)
     select job.id, job.fence, job.attempt, job.worker, job.started_at, note.progress, coalesce(note.log, '{}')
     from jsonb_to_recordset($1) as note (id uuid, fence int, progress jsonb, log text[])
     join job on ${sameKey('job', 'note', 'id', 'fence')} and ${isRunning}
     on conflict (job_id, fence) do update set progress = excluded.progress, log = excluded.log`,
    [
      JSON.stringify(
        telling.map(({ id, fence, progress, log }) => ({
          id,
          fence,
          progress: progress && {
            ...progress,
            ...(progress.at !== undefined && { at: storable(progress.at) }),
          },
          log: log?.map(storable),
        })),
      ),
    ],
  );
};
