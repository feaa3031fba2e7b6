import type { Readable } from 'node:stream';

export interface PutOptions {
  /** For example `text/csv; charset=utf-8`. */
  readonly contentType: string;
  /** Gives the upload up: nothing is stored then, and what stood under the key before stays. */
  readonly signal?: AbortSignal;
}

/** Where files are kept. Keys are of the form that `checkKey` describes, else ObjectKeyError is thrown. */
export interface ObjectStorage {
  /**
   * Stores a stream under a key, in place of what stands there. The object appears whole or not at all,
   * also if the process is killed.
   *
   * @returns its size in bytes.
   */
  put(key: string, stream: Readable, options: PutOptions): Promise<number>;
  /**
   * A URL by which anybody can fetch the object until it expires, at most 7 days from now.
   *
   * @throws LinkSecretMissingError where links need a secret and none is set.
   */
  link(key: string, expires: Date): Promise<string>;
  /** Deletes an object; one that is gone is no error. */
  delete(key: string): Promise<void>;
  /**
   * Deletes what uploads left behind that were cut off before this time.
   *
   * @returns how many.
   */
  deleteAbandoned(before: Date): Promise<number>;
}
