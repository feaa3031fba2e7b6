import { randomUUID } from 'node:crypto';

import {
  InvalidWebhookError,
  UnknownEndpointError,
} from '../../../../src/jobs/handlers/webhooks/errors.ts';
import { createWebhookDelivery } from '../../../../src/jobs/handlers/webhooks/create-delivery.ts';
import {
  createWebhookEndpoint,
  rotateWebhookSecret,
} from '../../../../src/jobs/handlers/webhooks/endpoints.ts';
import { ForbiddenAddressError } from '../../../../src/outgoing/errors.ts';
import { useTestDatabase } from '../../../helpers.ts';
import { createUser } from '../../../workers/community.ts';
import {
  createDelivery,
  createEndpoint,
  deliveryOf,
  jobsAbout,
} from './set-up.ts';

const database = useTestDatabase();
const url = 'https://example.com/hook';

const event = (endpointId: string) => ({
  endpointId,
  eventType: 'export.ready',
  eventId: randomUUID(),
  data: {},
});

describe('createWebhookDelivery', () => {
  it('writes the delivery and its job in one transaction', async () => {
    const { con } = database;
    const endpoint = await createEndpoint(con, url);
    const id = await createDelivery(con, endpoint.id);
    const jobs = await jobsAbout(con, 'deliver-webhook', id);
    expect(jobs).toEqual([
      {
        id: expect.any(String) as string,
        state: 'pending',
        payload: { deliveryId: id },
      },
    ]);
    expect(await deliveryOf(con, id)).toMatchObject({
      state: 'pending',
      jobId: jobs[0]!.id,
    });
  });

  it('leaves nothing of a transaction that is rolled back', async () => {
    const { con } = database;
    const endpoint = await createEndpoint(con, url);
    let id: string | undefined;
    await con
      .transaction(async (manager) => {
        id = await createWebhookDelivery(manager, event(endpoint.id));
        throw new Error('no');
      })
      .catch(() => undefined);
    expect(await jobsAbout(con, 'deliver-webhook', id ?? 'none')).toEqual([]);
    await expect(deliveryOf(con, id ?? 'none')).rejects.toThrow();
  });

  it('tells an endpoint of one event once', async () => {
    const { con } = database;
    const endpoint = await createEndpoint(con, url);
    const eventId = randomUUID();
    const ids = await Promise.all(
      [1, 2, 3].map(() => createDelivery(con, endpoint.id, { eventId })),
    );
    expect(new Set(ids).size).toBe(1);
    expect(await jobsAbout(con, 'deliver-webhook', ids[0]!)).toHaveLength(1);
    const [count] = await con.query<{ jobs: number }[]>(
      `select count(*)::int as jobs from job where name = 'deliver-webhook' and tenant = $1`,
      [endpoint.user.id],
    );
    expect(count).toEqual({ jobs: 1 });
  });

  it('writes nothing for an endpoint that is disabled', async () => {
    const { con } = database;
    const endpoint = await createEndpoint(con, url, { enabled: false });
    expect(
      await createWebhookDelivery(con.manager, event(endpoint.id)),
    ).toBeUndefined();
  });

  it('refuses an endpoint that is not there', async () => {
    await expect(
      createWebhookDelivery(database.con.manager, event(randomUUID())),
    ).rejects.toThrow(UnknownEndpointError);
  });

  it.each([
    ['eventType', { eventType: 'export ready' }],
    ['eventType', { eventType: '' }],
    ['data', { data: 'x'.repeat(300_000) }],
    ['data', { data: { text: '\0' } }],
  ])('refuses an invalid %s', async (field, wrong) => {
    await expect(
      createWebhookDelivery(database.con.manager, {
        ...event(randomUUID()),
        ...wrong,
      }),
    ).rejects.toMatchObject({ name: 'InvalidWebhookError', field });
  });
});

describe('createWebhookEndpoint', () => {
  it.each([
    ['ftp://example.com', ForbiddenAddressError],
    ['https://name:secret@example.com', ForbiddenAddressError],
    ['https://10.0.0.1/', InvalidWebhookError],
    ['https://[::1]/', InvalidWebhookError],
    [`https://example.com/${'x'.repeat(3_000)}`, InvalidWebhookError],
  ])('refuses %.40s', async (wrong, error) => {
    const { con } = database;
    const user = await createUser(con);
    await expect(
      createWebhookEndpoint(con.manager, {
        userId: user.id,
        url: wrong,
        allowPrivate: false,
      }),
    ).rejects.toThrow(error);
  });
});

describe('rotateWebhookSecret', () => {
  it('refuses an endpoint that is not there', async () => {
    await expect(
      rotateWebhookSecret(database.con.manager, randomUUID()),
    ).rejects.toThrow(UnknownEndpointError);
  });
});
