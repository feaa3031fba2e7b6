import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { Counter, Registry } from 'prom-client';

import { createHealthServer } from '../../src/api/health-server.ts';
import { createTestDatabase, testServerUrl } from '../setup/database.ts';
import { administer } from '../setup/template-database.ts';
import { request, startApi } from './api.ts';

const readiness = async (app: FastifyInstance) => {
  const response = await app.inject('/health/ready');
  return {
    status: response.statusCode,
    ...response.json<{ ok: boolean; checks: Record<string, string> }>(),
  };
};

/** Drops a database while its connections are open, as a failover would. */
const dropUnderneath = (url: string) =>
  administer(
    testServerUrl(),
    `drop database ${new URL(url).pathname.slice(1)} with (force)`,
  );

test('the API is ready while its database is there, and alive without', async () => {
  const database = await createTestDatabase();
  const app = await startApi(database);
  try {
    expect(await readiness(app)).toMatchObject({
      status: 200,
      ok: true,
      checks: { database: 'ok', migrations: 'ok' },
    });
    await dropUnderneath(database.url);
    expect(await readiness(app)).toMatchObject({
      status: 503,
      ok: false,
      checks: { database: expect.stringMatching(/^away: ./) },
    });
    expect((await app.inject('/health/live')).statusCode).toBe(200);
    expect(await request(app, '{ posts { next } }')).toMatchObject({
      status: 503,
      errors: [{ extensions: { code: 'UNAVAILABLE' } }],
    });
  } finally {
    await app.close();
    await database.dataSource.destroy();
  }
});

test('the API is not ready while a migration is missing, and names it', async () => {
  const database = await createTestDatabase();
  const app = await startApi(database);
  try {
    await database.dataSource.query(
      `delete from migration where name = 'Domain1764000000001'`,
    );
    expect(await readiness(app)).toMatchObject({
      status: 503,
      checks: {
        migrations:
          '1 not applied (Domain1764000000001); run: nightshift migrate',
      },
    });
  } finally {
    await app.close();
    await database.drop();
  }
});

test('the API is ready on a database of a newer release', async () => {
  const database = await createTestDatabase();
  const app = await startApi(database);
  try {
    await database.dataSource.query(
      `insert into migration (timestamp, name) values (9999999999999, 'Newer9999999999999')`,
    );
    expect(await readiness(app)).toMatchObject({ status: 200 });
  } finally {
    await app.close();
    await database.drop();
  }
});

test('requests are measured by route', async () => {
  const database = await createTestDatabase();
  const app = await startApi(database);
  try {
    await app.inject('/graphql?query=%7B__typename%7D');
    const { payload, headers } = await app.inject('/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain/);
    expect(payload).toContain(
      'nightshift_api_request_duration_seconds_count{method="GET",route="/graphql",status="200"} 1',
    );
  } finally {
    await app.close();
    await database.drop();
  }
});

test('a health server shows what its process says', async () => {
  const registry = new Registry();
  new Counter({ name: 'handled', help: 'h', registers: [registry] }).inc(3);
  let ok = true;
  const app = createHealthServer({
    registry,
    logger: pino({ level: 'silent' }),
    ready: async () => {
      if (ok) return { ok, checks: { streams: 'ok' } };
      throw new Error('no streams');
    },
  });
  try {
    expect(await readiness(app)).toMatchObject({ status: 200, ok: true });
    ok = false;
    expect(await readiness(app)).toEqual({
      status: 503,
      ok: false,
      checks: { readiness: 'no streams' },
    });
    expect((await app.inject('/metrics')).payload).toContain('handled 3');
    expect((await app.inject('/health/live')).json()).toEqual({ ok: true });
  } finally {
    await app.close();
  }
});
