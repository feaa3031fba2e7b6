import type { FolderStorage } from '../../storage/folder.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';

/** Where exports are kept. */
export interface ExportFiles {
  readonly storage: ObjectStorage;
  /** The same, if it is a folder of this machine: the API then serves its files. */
  readonly folder?: FolderStorage;
  /** Verifies links to the folder; `undefined` closes them. */
  readonly linkSecret?: string | undefined;
}
