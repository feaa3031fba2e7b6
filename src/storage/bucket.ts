import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { Storage, type StorageOptions } from '@google-cloud/storage';

import { checkKey } from './object-key.ts';
import type { ObjectStorage, PutOptions } from './object-storage.ts';

export interface BucketStorageOptions {
  readonly bucket: string;
  /** How to reach and sign in to Google. @default the environment's credentials */
  readonly client?: StorageOptions;
}

/**
 * Objects in a Google Cloud Storage bucket. Uploads are resumable ones: the service shows an object once
 * its last byte has come, and forgets by itself what was cut off. Links are V4-signed, which takes
 * credentials with a private key or the right to sign as their service account (`iam.serviceAccounts.signBlob`).
 */
export class BucketStorage implements ObjectStorage {
  readonly #bucket;

  constructor({ bucket, client }: BucketStorageOptions) {
    this.#bucket = new Storage(client).bucket(bucket);
  }

  async put(
    key: string,
    stream: Readable,
    { contentType, signal }: PutOptions,
  ): Promise<number> {
    let bytes = 0;
    const upload = this.#bucket.file(checkKey(key)).createWriteStream({
      resumable: true,
      contentType,
      metadata: { cacheControl: 'private, no-store' },
    });
    await pipeline(
      stream,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          bytes += chunk.length;
          yield chunk;
        }
      },
      upload,
      { signal },
    );
    return bytes;
  }

  async link(key: string, expires: Date): Promise<string> {
    const [url] = await this.#bucket.file(checkKey(key)).getSignedUrl({
      version: 'v4',
      action: 'read',
      expires,
      responseDisposition: `attachment; filename="${key.split('/').at(-1)}"`,
    });
    return url;
  }

  async delete(key: string): Promise<void> {
    await this.#bucket.file(checkKey(key)).delete({ ignoreNotFound: true });
  }

  /** Nothing to do: the service forgets an upload that was cut off after a week. */
  async deleteAbandoned(): Promise<number> {
    return 0;
  }
}
