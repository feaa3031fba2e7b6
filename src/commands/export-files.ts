import type { ExportFiles } from '../api/exports/export-files.ts';
import { config } from '../config.ts';
import { exportFolder, exportStorage } from '../storage/export-storage.ts';

/** Where this process's environment says that exports are: a bucket, or a folder that the API serves. */
export const exportFiles = async (): Promise<ExportFiles> => {
  const { EXPORT_BUCKET, EXPORT_LINK_SECRET } = config();
  if (EXPORT_BUCKET) return { storage: await exportStorage() };
  const folder = exportFolder();
  return { storage: folder, folder, linkSecret: EXPORT_LINK_SECRET };
};
