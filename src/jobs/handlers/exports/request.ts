import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { Export } from '../../../entity/index.ts';
import { createJob } from '../../create-job.ts';

/** Asks for an export: its row, and the job that generates it, both in the transaction of `manager`. */
export const requestExport = async (
  manager: EntityManager,
  {
    userId,
    kind,
    format,
  }: Pick<Export, 'kind' | 'format'> & { readonly userId: string },
): Promise<Export> => {
  const id = uuidv7();
  await manager.getRepository(Export).insert({
    id,
    userId,
    kind,
    format,
    objectKey: `exports/${id}/${kind}.${format}`,
  });
  await createJob(
    'generate-export',
    {
      payload: { exportId: id },
      tenant: { id: userId },
      idempotencyKey: `export.${id}`,
    },
    { manager },
  );
  return manager.getRepository(Export).findOneByOrFail({ id });
};
