import type { EntityManager } from 'typeorm';

import { storeNotification } from '../../../notifications/store.ts';
import { createMailJob } from '../email/create-mail-job.ts';
import { announceEvent } from '../webhooks/announce-event.ts';
import { kinds } from './kinds.ts';
import type { RunningExport, WrittenFile } from './state.ts';

/**
 * Tells a person that an export is ready: a notification, a mail with the link, and
 * their webhooks, in the transaction given.
 */
export const announce = async (
  manager: EntityManager,
  { id, userId, kind, format }: RunningExport,
  { rows }: WrittenFile,
  link: string,
): Promise<void> => {
  const file = `${kind}.${format}`;
  await storeNotification(
    manager,
    {
      type: 'export_ready',
      referenceId: id,
      uniqueKey: '',
      title: 'Your export is ready',
      body: `${kinds[kind].title}: ${rows} ${rows === 1 ? 'row' : 'rows'} as ${format.toUpperCase()}`,
      targetUrl: `/exports/${id}`,
    },
    [userId],
  );
  await createMailJob(
    'export-ready',
    { userId, context: { link, file }, idempotencyKey: `export-ready.${id}` },
    { manager },
  );
  await announceEvent(manager, {
    userId,
    eventType: 'export.ready',
    eventId: id,
    data: { exportId: id, kind, format, rows },
  });
};
