import { join } from 'node:path';

import { config } from '../config.ts';
import { BucketStorage } from './bucket.ts';
import { FolderStorage } from './folder.ts';
import type { ObjectStorage } from './object-storage.ts';

/** The path of the API below which files of the folder are fetched. */
export const exportFilesPath = '/api/exports/files';

let storage: ObjectStorage | undefined;

/**
 * The storage of exports as this process's environment says, made once: the bucket EXPORT_BUCKET, else the
 * folder `exports` of NIGHTSHIFT_HOME, whose links lead to PUBLIC_URL and are signed with EXPORT_LINK_SECRET.
 */
export const exportStorage = (): ObjectStorage => {
  const { EXPORT_BUCKET } = config();
  storage ??= EXPORT_BUCKET
    ? new BucketStorage({ bucket: EXPORT_BUCKET })
    : exportFolder();
  return storage;
};

/** The folder of exports, for the route that serves it. */
export const exportFolder = (): FolderStorage => {
  const { NIGHTSHIFT_HOME, EXPORT_LINK_SECRET, PUBLIC_URL } = config();
  return new FolderStorage({
    folder: join(NIGHTSHIFT_HOME, 'exports'),
    linkBase: new URL(exportFilesPath, PUBLIC_URL).href,
    linkSecret: EXPORT_LINK_SECRET,
  });
};
