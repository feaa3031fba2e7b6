import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { jest } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { parse } from 'graphql';
import { pino } from 'pino';

import {
  type GuardedSocket,
  guardSocket,
} from '../../src/api/real-time/socket-guard.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { apiSecret, savePost, startApi } from './api.ts';
import { openSocket, type TestSocket } from './socket.ts';

let database: TestDatabase;
let app: FastifyInstance;
let port: number;
let viewer: string;
const lines: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(
    database,
    {},
    { logger: pino({}, { write: (line) => void lines.push(line) }) },
  );
  if (app.notifications.state !== 'listening')
    await once(app.notifications, 'listening');
  await app.listen({ host: '127.0.0.1', port: 0 });
  ({ port } = app.server.address() as AddressInfo);
  viewer = (await savePost(database.dataSource)).author.id;
});

afterAll(async () => {
  await app.close();
  await database.drop();
});

const query = 'subscription { newNotification { id } }';
const open = (): Promise<TestSocket> =>
  openSocket(port, {
    authorization: `Bearer ${apiSecret}`,
    'x-user-id': viewer,
  });

const subscribe = (socket: TestSocket, id: unknown, text: unknown = query) =>
  socket.send({ id, type: 'subscribe', payload: { query: text } });

const follows = async (socket: TestSocket, id: string): Promise<void> => {
  const followed = once(app.notifications, 'followed');
  subscribe(socket, id);
  await followed;
};

/** Ends when nobody follows a person any more: who follows 50 times is refused a further time. */
const untilNobodyFollows = async (): Promise<void> => {
  await using socket = await open();
  for (let round = 0; ; round += 1) {
    const made = Array.from({ length: 50 }, (_, at) => `${round}-${at}`);
    for (const id of made) subscribe(socket, id);
    subscribe(socket, `${round}-last`);
    const { id } = await socket.next();
    if (id === `${round}-last`) return;
    for (const each of made) socket.send({ id: each, type: 'complete' });
  }
};

test('a second subscription under an id that is in use closes the socket, and leaves nothing behind', async () => {
  await using socket = await open();
  await follows(socket, 'a');
  subscribe(socket, 'a');
  await expect(socket.next()).rejects.toThrow(
    'the socket closed with 4409 Subscriber for a already exists',
  );
  await untilNobodyFollows();
});

test('an id may be used again once its subscription was ended, however soon', async () => {
  await using socket = await open();
  for (let round = 0; round < 60; round += 1) {
    subscribe(socket, 'a');
    socket.send({ id: 'a', type: 'complete' });
  }
  await follows(socket, 'a');
  subscribe(socket, 'b', 'subscription { nothing }');
  expect(await socket.next()).toMatchObject({ type: 'error', id: 'b' });
});

test.each([
  ['{', 4400],
  ['null', 4400],
  ['[]', 4400],
  ['{"type":7}', 4400],
  ['{"type":"unknown"}', 4400],
  ['{"type":"subscribe","id":"a"}', 4400],
  ['{"type":"subscribe","id":"","payload":{"query":"{a}"}}', 4400],
  ['{"type":"subscribe","id":7,"payload":{"query":"{a}"}}', 4400],
  [
    JSON.stringify({
      type: 'subscribe',
      id: 'a',
      payload: { query: parse(query, { noLocation: true }) },
    }),
    4400,
  ],
  ['{"type":"connection_init"}', 4429],
])('the message %s closes the socket with %i', async (text, code) => {
  await using socket = await open();
  socket.sendText(text);
  await expect(socket.next()).rejects.toThrow(`the socket closed with ${code}`);
});

test.each([
  ['a long text', 'x'.repeat(20_000)],
  [
    'very many headers',
    Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`h${at}`, 1])),
  ],
  ['a list', []],
])('a client that introduces itself with %s is refused', async (_, payload) => {
  await expect(openSocket(port, payload as object)).rejects.toThrow(
    'the socket closed with 4400',
  );
});

test('what a subscription cannot begin with is told as for requests, and faults of ours are hidden', async () => {
  await using socket = await open();
  subscribe(socket, 'a', 'subscription {');
  expect(await socket.next()).toMatchObject({
    id: 'a',
    payload: [
      {
        message: expect.stringContaining('Syntax Error'),
        extensions: { code: 'INVALID_QUERY' },
      },
    ],
  });
  subscribe(socket, 'a', 'mutation { a }');
  expect(await socket.next()).toMatchObject({
    id: 'a',
    payload: [{ extensions: { code: 'INVALID_QUERY' } }],
  });
  const follow = app.notifications.follow.bind(app.notifications);
  app.notifications.follow = () => {
    throw new Error('relation "secret_table" does not exist');
  };
  try {
    subscribe(socket, 'a');
    expect(await socket.next()).toEqual({
      type: 'error',
      id: 'a',
      payload: [
        {
          message: 'something went wrong on our side; the log has it',
          extensions: { code: 'INTERNAL' },
        },
      ],
    });
    expect(lines.join('')).toContain('a subscription failed');
  } finally {
    app.notifications.follow = follow;
  }
});

test('one socket holds so many subscriptions that last, and the others are told', async () => {
  const most = 100;
  const ended = Promise.withResolvers<IteratorReturnResult<undefined>>();
  const follow = app.notifications.follow.bind(app.notifications);
  const lasting = {
    next: () => ended.promise,
    [Symbol.asyncIterator]: () => lasting,
  };
  app.notifications.follow = () => lasting;
  try {
    await using socket = await open();
    for (let count = 0; count <= most; count += 1)
      subscribe(socket, `s${count}`);
    expect(await socket.next()).toMatchObject({
      id: `s${most}`,
      payload: [{ extensions: { code: 'UNAVAILABLE' } }],
    });
  } finally {
    app.notifications.follow = follow;
    ended.resolve({ done: true, value: undefined });
  }
});

const looseSocket = () => {
  const socket = new EventEmitter() as EventEmitter & GuardedSocket;
  const ends: unknown[] = [];
  const sent: string[] = [];
  Object.assign(socket, {
    bufferedAmount: 0,
    send: (text: string) => sent.push(text),
    close: (code: number) => ends.push(code),
    terminate: () => ends.push('terminated'),
  });
  return { socket, ends, sent };
};

test('a client that does not read why it is refused is cut off', () => {
  const { socket, ends, sent } = looseSocket();
  guardSocket(socket, pino({ level: 'silent' }));
  const ask = () =>
    socket.emit(
      'message',
      JSON.stringify({
        type: 'subscribe',
        id: 'a',
        payload: { query: 'x'.repeat(20_000) },
      }),
    );
  ask();
  expect(sent).toEqual([expect.stringContaining('QUERY_TOO_LARGE')]);
  Object.assign(socket, { bufferedAmount: 5 << 20 });
  ask();
  expect(sent).toHaveLength(1);
  expect(ends).toEqual(['terminated']);
  socket.emit('close');
});

test('a client that does not introduce itself, or does not read, is cut off', async () => {
  const { socket, ends, sent } = looseSocket();
  jest.useFakeTimers();
  try {
    guardSocket(socket, pino({ level: 'silent' }));
    jest.advanceTimersByTime(10_000);
    expect(ends).toEqual([4408]);
  } finally {
    jest.useRealTimers();
  }
  socket.send('{"type":"pong"}');
  expect(sent).toEqual(['{"type":"pong"}']);
  Object.assign(socket, { bufferedAmount: 5 << 20 });
  socket.send('{"type":"pong"}');
  expect(ends).toEqual([4408, 'terminated']);
  expect(sent).toHaveLength(1);
});
