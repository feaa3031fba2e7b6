import { join } from 'node:path';

import { config } from '../config.ts';
import { FolderStorage } from './folder.ts';
import type { ObjectStorage } from './object-storage.ts';

/** The path of the API below which files of the folder are fetched. */
export const exportFilesPath = '/api/exports/files';

const bucketStorage = async (bucket: string): Promise<ObjectStorage> => {
  // Its client takes a while to load, which nobody waits for who has a folder.
  const { BucketStorage } = await import('./bucket.ts');
  return new BucketStorage({ bucket });
};

let storage: Promise<ObjectStorage> | undefined;

/**
 * The storage of exports as this process's environment says, made once: the bucket EXPORT_BUCKET, else the
 * folder `exports` of NIGHTSHIFT_HOME, whose links lead to PUBLIC_URL and are signed with EXPORT_LINK_SECRET.
 */
export const exportStorage = (): Promise<ObjectStorage> => {
  const { EXPORT_BUCKET } = config();
  storage ??= EXPORT_BUCKET
    ? bucketStorage(EXPORT_BUCKET)
    : Promise.resolve(exportFolder());
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
