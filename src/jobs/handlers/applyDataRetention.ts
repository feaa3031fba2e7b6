import { config } from '../../config.ts';
import { exportStorage } from '../../storage/export-storage.ts';
import type { JobSchema } from '../declarations.ts';
import type { JobHandler } from '../handler.ts';
import { applyRetention } from './retention/apply.ts';

/** Deletes what is older than DATA_RETENTION_DAYS; nothing if another process does it right now. */
const handler: JobHandler<JobSchema['apply-data-retention']> = {
  handler: async ({ dryRun }, context) => {
    const { storage } = await exportStorage();
    const retained = await applyRetention(context.con, {
      days: config().DATA_RETENTION_DAYS,
      storage,
      dryRun,
      signal: context.signal,
      onProgress: (fraction, table) => context.progress(fraction, table),
    });
    return retained ?? { skipped: 'another process does it right now' };
  },
};

export default handler;
