import { config } from '../../config.ts';
import { exportStorage } from '../../storage/export-storage.ts';
import type { JobSchema } from '../declarations.ts';
import type { JobHandler } from '../handler.ts';
import { generateExport } from './exports/generate.ts';

/** Writes an export into object storage and tells who asked for it. */
const handler: JobHandler<JobSchema['generate-export']> = {
  handler: async ({ exportId }, context) => {
    const { storage } = await exportStorage();
    return generateExport(exportId, context, {
      storage,
      fontFile: config().EXPORT_FONT_FILE,
    });
  },
};

export default handler;
