import type { AddressInfo } from 'node:net';

import type { FastifyInstance } from 'fastify';

import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { apiSecret, request, startApi } from '../api.ts';
import { openSocket } from '../socket.ts';

const operatorSecret = 'the-secret-of-the-operators';
const authorization = `Bearer ${operatorSecret}`;

let database: TestDatabase;
let app: FastifyInstance;
let port: number;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(
    database,
    { operatorSecret },
    {
      examine: async () => [
        { check: 'slot', level: 'ok', message: 'The slot is there.' },
      ],
    },
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  port = (app.server.address() as AddressInfo).port;
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

const follow = {
  id: '1',
  type: 'subscribe',
  payload: { query: 'subscription { overview { at troubles { sentence } } }' },
};

test('an operator follows the overview', async () => {
  await using socket = await openSocket(port, { authorization });
  socket.send(follow);
  const overviews = [await socket.next(), await socket.next()];
  for (const { type, payload } of overviews) {
    expect(type).toBe('next');
    expect(payload).toMatchObject({
      data: { overview: { at: expect.any(String) } },
    });
  }
});

test.each([
  ['nobody', undefined],
  ['the gateway', { authorization: `Bearer ${apiSecret}` }],
])('%s follows nothing of operators', async (_, payload) => {
  await using socket = await openSocket(port, payload);
  socket.send(follow);
  const answer = await socket.next();
  expect(JSON.stringify(answer)).toContain('UNAUTHENTICATED');
  expect(JSON.stringify(answer)).not.toContain('troubles');
});

test('the doctor is asked once for many', async () => {
  const ask = () =>
    request(app, '{ doctor { available at findings { message remedy } } }', {
      headers: { authorization },
    });
  const first = await ask();
  expect(first.data).toMatchObject({
    doctor: {
      available: true,
      findings: [{ message: 'The slot is there.', remedy: null }],
    },
  });
  expect((await ask()).data).toEqual(first.data);
});
