import type { FastifyInstance } from 'fastify';
import type { DataSource } from 'typeorm';
import { z } from 'zod';

import { Export } from '../../entity/index.ts';
import { userData } from '../../flows/definitions/user-data/flow.ts';
import { getFlowRun, startFlow } from '../../flows/index.ts';
import type { ExportStorage } from '../../storage/export-storage.ts';
import { authenticate, requireViewer } from '../caller.ts';
import { notFound } from '../errors.ts';
import { idSchema, parseInput } from '../input.ts';
import { linkTo, shown } from './shown.ts';

const requestBody = z.strictObject({ format: z.enum(['csv', 'pdf']) });

/**
 * Adds `POST /everything`, which asks for all that there is of a person, and `GET /everything/:id`: how far it is,
 * and its files with their links.
 */
export const addUserDataRoutes = (
  app: FastifyInstance,
  {
    dataSource,
    apiSecret,
    exports,
  }: {
    readonly dataSource: DataSource;
    readonly apiSecret: string | undefined;
    readonly exports: ExportStorage | undefined;
  },
): void => {
  const { manager } = dataSource;
  app.post('/everything', async ({ headers, body }, reply) => {
    const userId = requireViewer(authenticate(headers, { apiSecret }));
    const { format } = parseInput(requestBody, body);
    const { id } = await startFlow(userData, { userId, format }, { manager });
    return reply.code(202).send({ id, state: 'running' });
  });
  app.get('/everything/:id', async ({ headers, params }) => {
    const userId = requireViewer(authenticate(headers, { apiSecret }));
    const { id } = parseInput(idSchema, params);
    const run = await getFlowRun(manager, id);
    const input = userData.inputSchema?.safeParse(run?.input);
    // Somebody else's run, or one of another flow, is as good as none.
    if (run?.flow !== userData.name || input?.data?.userId !== userId)
      throw notFound('export', id);
    const ids = z.array(z.uuid()).safeParse(run.output).data ?? [];
    const files = await manager.getRepository(Export).find({
      where: ids.map((file) => ({ id: file, userId })),
      order: { id: 'ASC' },
    });
    return {
      id,
      state: run.state,
      exports: await Promise.all(
        (ids.length > 0 ? files : []).map(async (file) => ({
          ...shown(file),
          link:
            file.state === 'ready' && exports
              ? await linkTo(file, exports)
              : null,
        })),
      ),
    };
  });
};
