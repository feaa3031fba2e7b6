import { createHash } from 'node:crypto';

import type { EntityManager } from 'typeorm';

import { createJob } from '../../create-job.ts';

/** Milliseconds in which the same notice counts once: hubs send again what they think was not heard. */
const noticeWindow = 60_000;

export interface SyncPipelineOptions {
  /** What says that the feed changed; the same within a minute makes one job. @default always a new job */
  readonly notice?: Uint8Array;
}

/**
 * Syncs a connection as soon as the transaction of `manager` has committed, however lately it was synced. A
 * sync that runs meanwhile is followed by another one, because it may have read the feed before the change.
 *
 * @returns the job's id
 */
export const syncPipeline = (
  manager: EntityManager,
  connectionId: string,
  { notice }: SyncPipelineOptions = {},
): Promise<string> => {
  const minute = Math.floor(Date.now() / noticeWindow);
  return createJob(
    'sync-connection',
    {
      payload: { connectionId },
      key: connectionId,
      ...(notice && {
        idempotencyKey: `sync-connection ${connectionId} notice ${minute} ${createHash('sha256').update(notice).digest('hex')}`,
      }),
    },
    { manager },
  );
};
