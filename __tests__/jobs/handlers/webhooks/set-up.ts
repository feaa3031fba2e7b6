import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import { pino } from 'pino';
import type { DataSource } from 'typeorm';

import {
  WebhookDelivery,
  WebhookEndpoint,
} from '../../../../src/entity/index.ts';
import type { JobContext } from '../../../../src/jobs/handler.ts';
import { createWebhookDelivery } from '../../../../src/jobs/handlers/webhooks/create-delivery.ts';
import {
  deliverWebhook,
  type DeliverOptions,
  type DeliverResult,
} from '../../../../src/jobs/handlers/webhooks/deliver.ts';
import { createWebhookEndpoint } from '../../../../src/jobs/handlers/webhooks/endpoints.ts';
import { serve, type TestServer } from '../../../outgoing/servers.ts';
import { createUser } from '../../../workers/community.ts';

/** What a receiver of webhooks was sent. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver extends TestServer {
  readonly received: readonly Received[];
}

/** A receiver that answers with a status each time, the last one for ever. */
export const receiver = async (
  ...answers: readonly (
    number | { status: number; headers?: Record<string, string>; body?: string }
  )[]
): Promise<Receiver> => {
  const received: Received[] = [];
  const server = await serve((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const answer = answers[Math.min(received.length, answers.length - 1)];
      const { status, headers, body } =
        typeof answer === 'object'
          ? answer
          : { status: answer ?? 200, headers: undefined, body: undefined };
      received.push({
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
      });
      response.writeHead(status, headers).end(body ?? 'heard');
    });
  });
  return { ...server, received };
};

export const createEndpoint = async (
  con: DataSource,
  url: string,
  row: Partial<WebhookEndpoint> = {},
) => {
  const user = await createUser(con);
  const endpoint = await createWebhookEndpoint(con.manager, {
    userId: user.id,
    url,
    allowPrivate: true,
  });
  if (Object.keys(row).length > 0)
    await con.getRepository(WebhookEndpoint).update({ id: endpoint.id }, row);
  return { ...endpoint, user };
};

export const createDelivery = async (
  con: DataSource,
  endpointId: string,
  {
    eventId = randomUUID(),
    data = { answer: 42 },
  }: { eventId?: string; data?: unknown } = {},
): Promise<string> => {
  const id = await con.transaction((manager) =>
    createWebhookDelivery(manager, {
      endpointId,
      eventType: 'export.ready',
      eventId,
      data,
    }),
  );
  if (id === undefined) throw new Error('expected a delivery, got none');
  return id;
};

export const deliveryOf = (con: DataSource, id: string) =>
  con.getRepository(WebhookDelivery).findOneByOrFail({ id });

export const endpointOf = (con: DataSource, id: string) =>
  con.getRepository(WebhookEndpoint).findOneByOrFail({ id });

/** The jobs of a name that are about one id. */
export const jobsAbout = (
  con: DataSource,
  name: string,
  id: string,
): Promise<{ id: string; state: string; payload: unknown }[]> =>
  con.query(
    `select id, state, payload from job where name = $1 and payload::text like '%' || $2 || '%' order by sequence`,
    [name, id],
  );

/** One attempt at a delivery's job, as a dispatcher makes it. */
export const attempt = async (
  con: DataSource,
  deliveryId: string,
  {
    attempt: number = 1,
    jobId,
    signal = new AbortController().signal,
    ...options
  }: DeliverOptions & {
    attempt?: number;
    jobId?: string;
    signal?: AbortSignal;
  } = {},
): Promise<DeliverResult> => {
  const now = new Date();
  const context: JobContext = {
    con,
    job: {
      id: jobId ?? (await deliveryOf(con, deliveryId)).jobId ?? '',
      name: 'deliver-webhook',
      queue: 'webhook-delivery',
      attempt: number,
      attempts: 5,
      createdAt: now,
      runAt: now,
    },
    logger: pino({ level: 'silent' }),
    signal,
    progress: () => undefined,
    log: () => undefined,
  };
  return deliverWebhook(deliveryId, context, {
    allowPrivate: true,
    ...options,
  });
};
