import { randomUUID } from 'node:crypto';

import { Webhook } from 'standardwebhooks';

import {
  DeliveryForbiddenError,
  DeliveryRefusedError,
  EndpointDisabledError,
  EndpointGoneError,
} from '../../../../src/jobs/handlers/webhooks/errors.ts';
import {
  enableWebhookEndpoint,
  rotateWebhookSecret,
} from '../../../../src/jobs/handlers/webhooks/endpoints.ts';
import { deliveryLimits } from '../../../../src/jobs/handlers/webhooks/limits.ts';
import { useTestDatabase } from '../../../helpers.ts';
import {
  attempt,
  createDelivery,
  createEndpoint,
  deliveryOf,
  endpointOf,
  jobsAbout,
  type Received,
  receiver,
} from './set-up.ts';

const database = useTestDatabase();

const verify = (secret: string, { body, headers }: Received) =>
  new Webhook(secret).verify(body, headers as Record<string, string>);

describe('a delivery', () => {
  it('arrives signed, and its answer is kept', async () => {
    const { con } = database;
    await using server = await receiver(202);
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);

    expect(await attempt(con, id)).toEqual({
      outcome: 'delivered',
      status: 202,
    });

    const [request] = server.received;
    expect(verify(endpoint.secret, request!)).toEqual({
      type: 'export.ready',
      timestamp: expect.any(String) as string,
      data: { answer: 42 },
    });
    expect(request!.headers['webhook-id']).toBe(id);
    expect(await deliveryOf(con, id)).toMatchObject({
      state: 'delivered',
      attempts: 1,
      responseStatus: 202,
      responseBody: 'heard',
      error: null,
    });
  });

  it('is not sent twice by a job that runs twice', async () => {
    const { con } = database;
    await using server = await receiver(200);
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);
    await attempt(con, id);
    expect(await attempt(con, id)).toEqual({ outcome: 'was delivered' });
    expect(server.received).toHaveLength(1);
  });

  it('keeps its id and its body over attempts, and only then is it delivered', async () => {
    const { con } = database;
    await using server = await receiver(500, 200);
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id, {
      data: { z: 1, a: 1e300, text: 'ü' },
    });

    await expect(attempt(con, id)).rejects.toThrow(DeliveryRefusedError);
    expect(await deliveryOf(con, id)).toMatchObject({
      state: 'pending',
      attempts: 1,
      responseStatus: 500,
      error: expect.stringContaining('got: 500') as string,
    });
    await attempt(con, id, { attempt: 2 });

    const [first, second] = server.received;
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(second!.body).toBe(first!.body);
    expect(verify(endpoint.secret, second!)).toBeDefined();
    expect(await deliveryOf(con, id)).toMatchObject({
      state: 'delivered',
      attempts: 2,
      error: null,
    });
  });

  it('has failed after its last attempt, and is sent again when its job is', async () => {
    const { con } = database;
    await using server = await receiver(500, 200);
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);

    await expect(attempt(con, id, { attempt: 5 })).rejects.toThrow(
      DeliveryRefusedError,
    );
    expect(await deliveryOf(con, id)).toMatchObject({ state: 'failed' });
    expect(await endpointOf(con, endpoint.id)).toMatchObject({
      consecutiveFailures: 1,
      enabled: true,
    });

    await attempt(con, id, { attempt: 6 });
    expect(await deliveryOf(con, id)).toMatchObject({ state: 'delivered' });
    expect(await endpointOf(con, endpoint.id)).toMatchObject({
      consecutiveFailures: 0,
      failingSince: null,
    });
  });

  it('that was deleted is nothing to do', async () => {
    const { con } = database;
    expect(await attempt(con, randomUUID(), { jobId: randomUUID() })).toEqual({
      outcome: 'gone',
    });
  });

  it('is left to the job that it was given last', async () => {
    const { con } = database;
    await using server = await receiver(200);
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);
    expect(await attempt(con, id, { jobId: randomUUID() })).toEqual({
      outcome: 'has another job',
    });
    expect(server.received).toEqual([]);
  });

  it('that is cut short counts no attempt', async () => {
    const { con } = database;
    const controller = new AbortController();
    const drain = new Error('drain');
    await using server = await receiver(200);
    server.onConnection(() => controller.abort(drain));
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);
    await expect(attempt(con, id, { signal: controller.signal })).rejects.toBe(
      drain,
    );
    expect(await deliveryOf(con, id)).toMatchObject({
      state: 'pending',
      attempts: 0,
    });
  });

  it('keeps only the beginning of a large answer, whatever is in it', async () => {
    const { con } = database;
    await using server = await receiver({
      status: 200,
      body: `\0${'x'.repeat(5_000_000)}`,
    });
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);
    await attempt(con, id);
    const { responseBody, state } = await deliveryOf(con, id);
    expect(state).toBe('delivered');
    expect(responseBody).toHaveLength(4_096);
  });

  it('keeps the headers that are of use in a search, none that are secret', async () => {
    const { con } = database;
    await using server = await receiver({
      status: 307,
      headers: {
        location: 'https://example.com/login?token=secret',
        'set-cookie': 'session=secret',
        'x-request-id': `r${'1'.repeat(500)}`,
      },
    });
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);
    await expect(attempt(con, id)).rejects.toThrow(DeliveryRefusedError);
    const { responseHeaders } = await deliveryOf(con, id);
    expect(responseHeaders).toMatchObject({
      location: 'https://example.com/login',
      'x-request-id': `r${'1'.repeat(199)}`,
    });
    expect(JSON.stringify(responseHeaders)).not.toContain('secret');
  });

  it('follows no redirect, but takes it for a failure', async () => {
    const { con } = database;
    await using elsewhere = await receiver(200);
    await using server = await receiver({
      status: 307,
      headers: { location: elsewhere.url },
    });
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);
    await expect(attempt(con, id)).rejects.toThrow(/got: 307/);
    expect(elsewhere.received).toEqual([]);
  });

  it('never reaches a private address', async () => {
    const { con } = database;
    await using server = await receiver(200);
    const endpoint = await createEndpoint(
      con,
      server.url.replace('127.0.0.1', 'localhost'),
    );
    const id = await createDelivery(con, endpoint.id);
    await expect(attempt(con, id, { allowPrivate: false })).rejects.toThrow(
      DeliveryForbiddenError,
    );
    expect(server.received).toEqual([]);
    expect(await deliveryOf(con, id)).toMatchObject({ state: 'failed' });
  });

  it('to an endpoint that cannot be reached is tried again', async () => {
    const { con } = database;
    const server = await receiver(200);
    await server[Symbol.asyncDispose]();
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);
    await expect(attempt(con, id)).rejects.toMatchObject({
      name: 'UnreachableError',
    });
    expect(await deliveryOf(con, id)).toMatchObject({
      state: 'pending',
      attempts: 1,
      responseStatus: null,
    });
  });
});

describe('a receiver that asks for time', () => {
  const busy = { status: 429, headers: { 'retry-after': '1800' } };

  it('gets the attempts that are left when it is over', async () => {
    const { con } = database;
    await using server = await receiver(busy, 200);
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);
    const { jobId: before } = await deliveryOf(con, id);

    const result = await attempt(con, id, { attempt: 2 });

    expect(result).toMatchObject({ outcome: 'postponed', status: 429 });
    const delivery = await deliveryOf(con, id);
    expect(delivery).toMatchObject({ state: 'pending', attempts: 1 });
    expect(delivery.jobId).not.toBe(before);
    const [job] = await con.query<
      { state: string; attempts: number; seconds: number }[]
    >(
      `select state, attempts, extract(epoch from run_at - created_at)::int as seconds
       from job where id = $1`,
      [delivery.jobId],
    );
    expect(job).toMatchObject({ state: 'scheduled', attempts: 3 });
    expect(Math.abs(job!.seconds - 1_800)).toBeLessThan(30);

    expect(await attempt(con, id, { jobId: before! })).toEqual({
      outcome: 'has another job',
    });
    await attempt(con, id);
    expect(await deliveryOf(con, id)).toMatchObject({ state: 'delivered' });
  });

  it('gets no more than the last attempt', async () => {
    const { con } = database;
    await using server = await receiver(busy);
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);
    await expect(attempt(con, id, { attempt: 5 })).rejects.toThrow(
      DeliveryRefusedError,
    );
    expect(await deliveryOf(con, id)).toMatchObject({ state: 'failed' });
  });
});

describe('rotation', () => {
  it('signs with both secrets, until the old one is out', async () => {
    const { con } = database;
    await using server = await receiver(200);
    const endpoint = await createEndpoint(con, server.url);
    const secret = await rotateWebhookSecret(con.manager, endpoint.id);

    await attempt(con, await createDelivery(con, endpoint.id));
    const [during] = server.received;
    expect(verify(endpoint.secret, during!)).toBeDefined();
    expect(verify(secret, during!)).toBeDefined();

    await con.query(
      'update webhook_endpoint set previous_secret_until = now() where id = $1',
      [endpoint.id],
    );
    await attempt(con, await createDelivery(con, endpoint.id));
    const after = server.received[1];
    expect(verify(secret, after!)).toBeDefined();
    expect(() => verify(endpoint.secret, after!)).toThrow();
  });
});

describe('an endpoint', () => {
  const dayAgo = new Date(Date.now() - 25 * 3_600_000);

  it('that answers 410 is disabled at once, and its owner gets a mail', async () => {
    const { con } = database;
    await using server = await receiver(410);
    const endpoint = await createEndpoint(con, `${server.url}/hook?token=x`);
    const id = await createDelivery(con, endpoint.id);
    await expect(attempt(con, id)).rejects.toThrow(EndpointGoneError);
    expect(await deliveryOf(con, id)).toMatchObject({ state: 'failed' });
    expect(await endpointOf(con, endpoint.id)).toMatchObject({
      enabled: false,
      disabledAt: expect.any(Date) as Date,
      disabledReason: expect.stringContaining('410') as string,
    });
    expect(await jobsAbout(con, 'send-email', endpoint.user.id)).toEqual([
      expect.objectContaining({
        payload: {
          template: 'webhook-disabled',
          userId: endpoint.user.id,
          context: {
            url: `${server.url}/hook`,
            reason: expect.any(String) as string,
          },
        },
      }),
    ]);
  });

  it('is disabled by one failure too many over a day, and tells it once', async () => {
    const { con } = database;
    await using server = await receiver(500);
    const endpoint = await createEndpoint(con, server.url, {
      consecutiveFailures: deliveryLimits.maximumFailures - 1,
      failingSince: dayAgo,
    });
    const ids = [
      await createDelivery(con, endpoint.id),
      await createDelivery(con, endpoint.id),
    ];
    await Promise.allSettled(ids.map((id) => attempt(con, id, { attempt: 5 })));
    expect(await endpointOf(con, endpoint.id)).toMatchObject({
      enabled: false,
    });
    expect(await jobsAbout(con, 'send-email', endpoint.user.id)).toHaveLength(
      1,
    );
  });

  it('is not disabled by many failures of one short outage', async () => {
    const { con } = database;
    await using server = await receiver(500);
    const endpoint = await createEndpoint(con, server.url, {
      consecutiveFailures: 1_000,
      failingSince: new Date(),
    });
    const id = await createDelivery(con, endpoint.id);
    await expect(attempt(con, id, { attempt: 5 })).rejects.toThrow();
    expect(await endpointOf(con, endpoint.id)).toMatchObject({ enabled: true });
  });

  it('is sent nothing while it is disabled, and again once it is enabled', async () => {
    const { con } = database;
    await using server = await receiver(200);
    const endpoint = await createEndpoint(con, server.url);
    const id = await createDelivery(con, endpoint.id);
    await con.query(
      'update webhook_endpoint set enabled = false where id = $1',
      [endpoint.id],
    );

    expect(await attempt(con, id)).toEqual({ outcome: 'endpoint disabled' });
    expect(await deliveryOf(con, id)).toMatchObject({ state: 'failed' });
    await expect(attempt(con, id, { attempt: 6 })).rejects.toThrow(
      EndpointDisabledError,
    );
    expect(server.received).toEqual([]);

    await enableWebhookEndpoint(con.manager, endpoint.id);
    await attempt(con, id, { attempt: 7 });
    expect(server.received).toHaveLength(1);
  });
});
