import type { Export } from '../../entity/index.ts';
import { LinkSecretMissingError } from '../../storage/errors.ts';
import type { ExportStorage } from '../../storage/export-storage.ts';
import { ApiError } from '../errors.ts';

/** Milliseconds that a link holds which is shown to the person who asks. */
const linkAge = 3_600_000;

/** An export as its owner sees it. */
export const shown = ({
  id,
  kind,
  format,
  state,
  rows,
  bytes,
  requestedAt,
  finishedAt,
}: Export) => ({
  id,
  kind,
  format,
  state,
  rows,
  bytes: bytes === null ? null : Number(bytes),
  requestedAt,
  finishedAt,
});

/** A link to a file that is ready. @throws ApiError where nobody can sign one */
export const linkTo = async (
  { objectKey }: Export,
  { storage }: ExportStorage,
): Promise<string> => {
  try {
    return await storage.link(objectKey, new Date(Date.now() + linkAge));
  } catch (error) {
    if (error instanceof LinkSecretMissingError)
      throw new ApiError('CLOSED', error.message);
    throw error;
  }
};
