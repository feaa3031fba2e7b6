import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { ObjectMissingError } from '../../storage/errors.ts';
import type { ExportStorage } from '../../storage/export-storage.ts';
import type { FolderStorage } from '../../storage/folder.ts';
import { verifyLink } from '../../storage/signed-link.ts';
import { ApiError } from '../errors.ts';
import { parseInput } from '../input.ts';

/** Milliseconds that fetching a file may take. */
const patience = 3_600_000;

const contentTypes: Readonly<Record<string, string>> = {
  csv: 'text/csv; charset=utf-8',
  pdf: 'application/pdf',
};

const linkQuery = z.strictObject({
  expires: z.string().regex(/^\d{1,12}$/, 'expected seconds since 1970'),
  signature: z.string().max(100),
});

const parameters = z.object({ '*': z.string().max(600) });

const verdicts = {
  forged:
    'expected a link as it was sent, got one that was changed or is not ours; open it from the mail once more',
  expired:
    'expected a link that is still good, got one that has expired; ask for a new one',
} as const;

/** Opens the file of a link. @throws ApiError unless the link is good and the file is there. */
const open = async (folder: FolderStorage, key: string) => {
  try {
    return await folder.open(key);
  } catch (error) {
    if (!(error instanceof ObjectMissingError)) throw error;
    throw new ApiError(
      'NOT_FOUND',
      'expected a file that is still kept, found none: it was deleted because of its age; ask for a new one',
    );
  }
};

/** Adds `GET /files/<key>?expires&signature`: gives a file to whoever has its link. */
export const addFileRoute = (
  app: FastifyInstance,
  exports: ExportStorage | undefined,
): void => {
  app.get(
    '/files/*',
    // A large file on a slow line takes longer than other answers may.
    { handlerTimeout: patience, exposeHeadRoute: false },
    async (request, reply) => {
      const { folder, linkSecret } = exports ?? {};
      if (exports && !folder)
        throw new ApiError(
          'NOT_FOUND',
          'expected a link to the bucket that holds the exports, got one to this API',
        );
      if (!folder || linkSecret === undefined)
        throw new ApiError(
          'CLOSED',
          'fetching exports is closed because EXPORT_LINK_SECRET is not set; ' +
            'set it (16 characters or more) for every process and start the API again',
        );
      const { '*': key } = parseInput(parameters, request.params);
      const query = parseInput(linkQuery, request.query);
      const verdict = verifyLink(linkSecret, key, query);
      if (verdict !== 'valid')
        throw new ApiError('UNAUTHENTICATED', verdicts[verdict]);
      const file = await open(folder, key);
      const { size } = await file.stat();
      const name = key.split('/').at(-1) ?? 'export';
      const type = contentTypes[name.split('.').at(-1) ?? ''];
      return reply
        .headers({
          'content-type': type ?? 'application/octet-stream',
          'content-length': size,
          'content-disposition': `attachment; filename="${name}"`,
          'x-content-type-options': 'nosniff',
        })
        .send(file.createReadStream());
    },
  );
};
