import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';

import { config } from '../../../config.ts';
import { Export, type ExportKind } from '../../../entity/index.ts';
import { writeFile } from '../../../jobs/handlers/exports/generate.ts';
import { kinds } from '../../../jobs/handlers/exports/kinds.ts';
import { announceEvent } from '../../../jobs/handlers/webhooks/announce-event.ts';
import { storeNotification } from '../../../notifications/store.ts';
import { exportStorage } from '../../../storage/export-storage.ts';
import { Flow } from '../../dsl/flow.ts';

const input = z.object({
  userId: z.uuid(),
  format: z.enum(['csv', 'pdf']),
});

const queue = 'export-generation';
/** Of each file. */
const attempts = 3;

/**
 * All that there is of a person, in one file for each kind of data, written at once; when the last one stands, the
 * person is told, once.
 */
export const userData = new Flow('user-data', { input })
  .step(
    'request',
    { transactional: true },
    async ({ input: { userId, format }, manager }) => {
      const rows = (Object.keys(kinds) as ExportKind[]).map((kind) => {
        const id = uuidv7();
        const objectKey = `exports/${id}/${kind}.${format}`;
        return { id, userId, kind, format, objectKey };
      });
      await manager.getRepository(Export).insert(rows);
      return rows.map(({ id, kind }) => ({ id, kind }));
    },
  )
  .map(
    'write',
    {
      queue,
      attempts,
      dependsOn: ['request'],
      items: ({ outputs }) => outputs.request,
    },
    async ({ item: { id: exportId, kind }, task, ...context }) => {
      const { storage } = await exportStorage();
      const result = await writeFile(
        exportId,
        { ...context, job: { attempt: task.attempt, attempts } },
        { storage, fontFile: config().EXPORT_FONT_FILE },
      );
      return { exportId, kind, ...result };
    },
  )
  .step(
    'announce',
    { dependsOn: ['write'], transactional: true },
    async ({ input: { userId, format }, outputs, manager, task }) => {
      const files = outputs.write.flatMap((file) =>
        'rows' in file ? [file] : [],
      );
      // The person is gone, and the files with them.
      if (files.length === 0) return [];
      await storeNotification(
        manager,
        {
          type: 'data_export_ready',
          referenceId: task.runId,
          uniqueKey: '',
          title: 'Your data is ready',
          body: files
            .map(
              ({ kind, rows }) =>
                `${kinds[kind].title}: ${rows} ${rows === 1 ? 'row' : 'rows'}`,
            )
            .join(', '),
          targetUrl: `/exports/everything/${task.runId}`,
        },
        [userId],
      );
      for (const { exportId, kind, rows } of files)
        await announceEvent(manager, {
          userId,
          eventType: 'export.ready',
          eventId: exportId,
          data: { exportId, kind, format, rows },
        });
      return files.map(({ exportId }) => exportId);
    },
  );
