import { z } from 'zod';

import { newOperation, recordAction } from '../../../dead-letters/audit.ts';
import { redact } from '../../../dead-letters/redact.ts';
import { getJob } from '../../../jobs/create-job.ts';
import { syncPipeline } from '../../../jobs/handlers/connections/sync-pipeline.ts';
import { notFound } from '../../errors.ts';
import { maximumPageSize, parseInput } from '../../input.ts';
import { cut, type Page } from '../../pages.ts';
import { idParameters, reason } from '../input.ts';
import {
  connectionStates,
  findConnection,
  listConnections,
} from '../integrations/connections.ts';
import { listExports } from '../integrations/exports.ts';
import {
  endpointStates,
  findDelivery,
  listDeliveries,
  listEndpoints,
} from '../integrations/webhooks.ts';
import type { OperatorMutation, OperatorQuery } from './fields.ts';

const pageFields = {
  first: z.int().min(1).max(maximumPageSize),
  after: z.uuid().optional(),
};

const endpointsQuery = z.strictObject({
  ...pageFields,
  state: z.enum(endpointStates).optional(),
});

const deliveriesQuery = z.strictObject({
  ...pageFields,
  state: z.enum(['pending', 'delivered', 'failed']).optional(),
  endpoint: z.uuid().optional(),
});

const connectionsQuery = z.strictObject({
  ...pageFields,
  state: z.enum(connectionStates).optional(),
});

const exportsQuery = z.strictObject({
  ...pageFields,
  state: z.enum(['requested', 'running', 'ready', 'failed']).optional(),
});

const syncInput = z.strictObject({ id: z.uuid(), reason: reason.optional() });

/** Reads one row more than a page has, to know whether there is another. */
const paged = async <Item extends { id: string }>(
  first: number,
  read: (limit: number) => Promise<readonly Item[]>,
): Promise<Page<Item>> => cut(await read(first + 1), first);

export interface IntegrationDependencies {
  /** Hours after which a connection that nobody synced is due. */
  readonly syncHours: number;
  /** Days after which exports are deleted. */
  readonly retentionDays: number;
}

export const integrationQueries = ({
  syncHours,
  retentionDays,
}: IntegrationDependencies): Readonly<Record<string, OperatorQuery>> => ({
  webhookEndpoints: [
    'read',
    (args, { con }) => {
      const { first, ...filter } = parseInput(endpointsQuery, args);
      return paged(first, (limit) =>
        listEndpoints(con.manager, { ...filter, limit }),
      );
    },
  ],
  webhookDeliveries: [
    'read',
    (args, { con }) => {
      const { first, ...filter } = parseInput(deliveriesQuery, args);
      return paged(first, (limit) =>
        listDeliveries(con.manager, { ...filter, limit }),
      );
    },
  ],
  webhookDelivery: [
    'read',
    async (args, { con: { manager } }) => {
      const { id } = parseInput(idParameters, args);
      const found = await findDelivery(manager, id);
      if (!found) throw notFound('webhook delivery', id);
      const { payload, responseHeaders, jobId, ...delivery } = found;
      const job = jobId === null ? undefined : await getJob(jobId, { manager });
      return {
        delivery,
        payload: redact(payload),
        responseHeaders,
        jobId,
        history: job?.history ?? [],
      };
    },
  ],
  feedConnections: [
    'read',
    (args, { con }) => {
      const { first, ...filter } = parseInput(connectionsQuery, args);
      return paged(first, (limit) =>
        listConnections(con.manager, syncHours, {
          ...filter,
          limit,
        }),
      );
    },
  ],
  feedConnection: [
    'read',
    async (args, { con }) => {
      const { id } = parseInput(idParameters, args);
      const found = await findConnection(con.manager, syncHours, id);
      if (!found) throw notFound('connection', id);
      const { items, lastItemAt, ...connection } = found;
      return { connection, items, lastItemAt };
    },
  ],
  exports: [
    'read',
    (args, { con }) => {
      const { first, ...filter } = parseInput(exportsQuery, args);
      return paged(first, (limit) =>
        listExports(con.manager, retentionDays, { ...filter, limit }),
      );
    },
  ],
});

export const integrationMutations: Readonly<Record<string, OperatorMutation>> =
  {
    syncConnection: [
      'schedules',
      async (args, actor, { con }) => {
        const { id, reason } = parseInput(syncInput, args);
        const found = await findConnection(con.manager, 1, id);
        if (!found) throw notFound('connection', id);
        return con.transaction(async (manager) => {
          const job = await syncPipeline(manager, id);
          await recordAction(manager, {
            operation: newOperation(),
            action: 'connections.sync',
            actor,
            reason,
            filter: { connection: id },
            counts: { jobs: 1 },
          });
          return job;
        });
      },
    ],
  };
