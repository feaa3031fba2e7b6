import { join } from 'node:path';

import { type Config, config } from '../config.ts';
import { developmentSecret } from './development-secret.ts';
import { FolderStorage } from './folder.ts';
import type { ObjectStorage } from './object-storage.ts';

/** The path of the API below which files of the folder are fetched. */
export const exportFilesPath = '/api/exports/files';

/** Where exports are, and what their links take. */
export interface ExportStorage {
  readonly storage: ObjectStorage;
  /** The same, if it is a folder of this machine: the API then serves its files. */
  readonly folder?: FolderStorage;
  /** Signs and verifies links to the folder; `undefined` refuses them. */
  readonly linkSecret?: string | undefined;
}

/**
 * Where an environment says that exports are: in the bucket EXPORT_BUCKET, else in the folder `exports` of
 * NIGHTSHIFT_HOME. Links to the folder lead to PUBLIC_URL and are signed with EXPORT_LINK_SECRET; in development
 * a secret is made up where there is none.
 */
export const openExportStorage = async ({
  EXPORT_BUCKET,
  EXPORT_LINK_SECRET,
  NIGHTSHIFT_HOME,
  NODE_ENV,
  PUBLIC_URL,
}: Config): Promise<ExportStorage> => {
  if (EXPORT_BUCKET) {
    // Its client takes a while to load, which nobody waits for who has a folder.
    const { BucketStorage } = await import('./bucket.ts');
    return { storage: new BucketStorage({ bucket: EXPORT_BUCKET }) };
  }
  const linkSecret =
    EXPORT_LINK_SECRET ??
    (NODE_ENV === 'development'
      ? developmentSecret(NIGHTSHIFT_HOME)
      : undefined);
  const folder = new FolderStorage({
    folder: join(NIGHTSHIFT_HOME, 'exports'),
    linkBase: new URL(exportFilesPath, PUBLIC_URL).href,
    linkSecret,
  });
  return { storage: folder, folder, linkSecret };
};

let opened: Promise<ExportStorage> | undefined;

/** Where this process's environment says that exports are; opened once. */
export const exportStorage = (): Promise<ExportStorage> =>
  (opened ??= openExportStorage(config()));
