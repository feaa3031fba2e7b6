import { randomUUID } from 'node:crypto';

import {
  InvalidWebhookError,
  UnknownEndpointError,
} from '../../../../src/jobs/handlers/webhooks/errors.ts';
import { announceEvent } from '../../../../src/jobs/handlers/webhooks/announce-event.ts';
import { createWebhookDelivery } from '../../../../src/jobs/handlers/webhooks/create-delivery.ts';
import {
  createWebhookEndpoint,
  rotateWebhookSecret,
} from '../../../../src/jobs/handlers/webhooks/endpoints.ts';
import { maximumEndpoints } from '../../../../src/jobs/handlers/webhooks/limits.ts';
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
    ['of another scheme', 'ftp://example.com', ForbiddenAddressError],
    [
      'with credentials',
      'https://name:secret@example.com',
      ForbiddenAddressError,
    ],
    ['that is private', 'https://10.0.0.1/', InvalidWebhookError],
    ['that is local', 'https://[::1]/', InvalidWebhookError],
    [
      'that is too long',
      `https://example.com/${'x'.repeat(3_000)}`,
      InvalidWebhookError,
    ],
  ])('refuses an address %s', async (_, wrong, error) => {
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

describe('the number of endpoints', () => {
  it('of one person has an end, also for many at once', async () => {
    const { con } = database;
    const { id: userId } = await createUser(con);
    const results = await Promise.allSettled(
      Array.from({ length: maximumEndpoints + 5 }, () =>
        createWebhookEndpoint(con.manager, { userId, url }),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(
      maximumEndpoints,
    );
  });
});

describe('rotateWebhookSecret', () => {
  it('refuses an endpoint that is not there', async () => {
    await expect(
      rotateWebhookSecret(database.con.manager, randomUUID()),
    ).rejects.toThrow(UnknownEndpointError);
  });
});

describe('announceEvent', () => {
  it('tells every enabled endpoint of a person, and nobody else', async () => {
    const { con } = database;
    await createEndpoint(con, url);
    const { user, ...first } = await createEndpoint(con, url);
    const second = await createWebhookEndpoint(con.manager, {
      userId: user.id,
      url,
    });
    const disabled = await createWebhookEndpoint(con.manager, {
      userId: user.id,
      url,
    });
    await con.query(
      'update webhook_endpoint set enabled = false where id = $1',
      [disabled.id],
    );

    const ids = await con.transaction((manager) =>
      announceEvent(manager, {
        userId: user.id,
        eventType: 'export.ready',
        eventId: randomUUID(),
        data: {},
      }),
    );

    const told = await Promise.all(ids.map((id) => deliveryOf(con, id)));
    expect(told.map(({ endpointId }) => endpointId)).toEqual([
      first.id,
      second.id,
    ]);
  });
});
