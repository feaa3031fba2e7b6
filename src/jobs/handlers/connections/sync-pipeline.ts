import type { EntityManager } from 'typeorm';

import { createJob } from '../../create-job.ts';

/** Milliseconds in which the same notice counts once: hubs send again what they think was not heard. */
const noticeWindow = 60_000;

export interface SyncPipelineOptions {
  /**
   * Tells what said that the feed changed, such as a digest of it; the same within a minute makes one job. At
   * most 256 characters. @default always a new job
   */
  readonly notice?: string;
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
      ...(notice !== undefined && {
        idempotencyKey: `sync-connection ${connectionId} notice ${minute} ${notice}`,
      }),
    },
    { manager },
  );
};
