import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A file of the page, as it is sent. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
  /** Its name changes with its content, so that it may be kept for ever. */
  readonly immutable: boolean;
}

/** The page was not built, or not here. */
export class PageNotBuiltError extends Error {
  override readonly name = 'PageNotBuiltError';

  constructor(readonly directory: string) {
    super(
      `expected the operators' page in ${directory}, got none; build it: npx pnpm build:dashboard`,
    );
  }
}

const readPageFile = async (
  path: string,
  name: string,
): Promise<PageFile | undefined> => {
  const type = types[extname(name)];
  if (type === undefined) return undefined;
  const body = await readFile(path);
  return {
    type,
    body,
    gzipped: await compress(body),
    etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
    immutable: name.startsWith('assets/'),
  };
};

/**
 * Reads the built page into memory, by path within it, such as `index.html` and `assets/….js`.
 *
 * @throws PageNotBuiltError
 */
export const readPage = async (
  directory: string,
): Promise<ReadonlyMap<string, PageFile>> => {
  const entries = await readdir(directory, {
    recursive: true,
    withFileTypes: true,
  }).catch(() => []);
  const files = new Map<string, PageFile>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(directory, path).split(sep).join('/');
    const file = await readPageFile(path, name);
    if (file) files.set(name, file);
  }
  if (!files.has('index.html')) throw new PageNotBuiltError(directory);
  return files;
};
