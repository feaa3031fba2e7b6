import { once } from 'node:events';
import { connect as connectHttp2, type Settings } from 'node:http2';
import {
  type AddressInfo,
  connect as connectSocket,
  createServer,
  type Socket,
} from 'node:net';

import { PubSub } from '@google-cloud/pubsub';

import { startPubSub } from '../../src/pubsub-server/index.ts';
import { ControlledClock } from './controlled-clock.ts';
import { ack, eventually, Inbox, startServer, stopAll } from './set-up.ts';

afterEach(stopAll);

it('stops with live streams and idle connections, answers what is in flight, and may be told twice', async () => {
  const { server, client, connect } = await startServer();
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  const inboxes = [1, 2, 3].map(() => new Inbox(connect(), 'sub', ack));
  while (inboxes.some(({ messages }) => messages.length === 0))
    await topic.publishMessage({ data: Buffer.from('x') });
  await eventually(() => server.statistics().subscriptions[0]?.backlog === 0);
  const socket = connectSocket(server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.resume();
  const socketClosed = once(socket, 'close');
  await Promise.all([server.stop(), server.stop()]);
  await socketClosed;
  await Promise.all(inboxes.map((inbox) => inbox.subscription.close()));
});

it('feeds a stream again that lost its connection', async () => {
  const { server, client } = await startServer();
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  const open = new Set<Socket>();
  const proxy = createServer((socket) => {
    const onward = connectSocket(server.port, '127.0.0.1');
    for (const end of [socket, onward]) {
      open.add(end);
      end.on('error', () => undefined);
      end.on('close', () => open.delete(end));
    }
    socket.pipe(onward).pipe(socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  process.env.PUBSUB_EMULATOR_HOST = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const cut = new PubSub({ projectId: 'test' });
  const inbox = new Inbox(cut, 'sub', ack);
  await topic.publishMessage({ data: Buffer.from('before') });
  await inbox.count(1);
  await eventually(() => server.statistics().subscriptions[0]?.backlog === 0);
  for (const socket of open) socket.destroy();
  await topic.publishMessage({ data: Buffer.from('after') });
  await inbox.until(() => inbox.texts.includes('after'));
  await inbox.close();
  await cut.close();
  for (const socket of open) socket.destroy();
  proxy.close();
});

it('refuses a port that is taken', async () => {
  const { server } = await startServer();
  await expect(startPubSub({ port: server.port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

it('answers plain HTTP on the same port: health and statistics', async () => {
  const clock = new ControlledClock();
  const { server, client } = await startServer({ clock });
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  await topic.publishMessage({ data: Buffer.from('x') });
  clock.advance(90_000);
  const url = `http://${server.address}`;
  expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok');
  const response = await fetch(`${url}/stats`);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toMatchObject({
    subscriptions: [
      {
        name: 'projects/test/subscriptions/sub',
        topic: 'projects/test/topics/one',
        backlog: 1,
        outstanding: 0,
        oldestUnackedSeconds: 90,
        deliveryAttemptsMax: 0,
        deadLettered: 0,
        openStreams: 0,
      },
    ],
  });
  expect((await fetch(`${url}/other`)).status).toBe(404);
  expect((await fetch(`${url}/stats`, { method: 'POST' })).status).toBe(404);
});

it('recognises gRPC whose first bytes come one by one', async () => {
  const { server } = await startServer();
  const socket = connectSocket(server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay();
  const preface = Buffer.from(
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
    'latin1',
  );
  for (const byte of preface) {
    socket.write(Buffer.of(byte));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  // The settings frame that every HTTP/2 server answers with: its type is the fourth byte.
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer[3]).toBe(4);
  socket.destroy();
});

it('permits each connection as many streams as it was told to', async () => {
  const { server } = await startServer({ streamLimit: 100 });
  const session = connectHttp2(`http://${server.address}`);
  const [settings] = (await once(session, 'remoteSettings')) as [Settings];
  expect(settings.maxConcurrentStreams).toBe(100);
  session.destroy();
});

it('answers an HTTP request in flight before it stops', async () => {
  const { server, client } = await startServer();
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  const pull = fetch(
    `http://${server.address}/v1/projects/test/subscriptions/sub:pull`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"maxMessages":1}',
    },
  );
  await eventually(
    () => server.statistics().subscriptions[0]?.waitingPulls === 1,
  );
  await server.stop();
  const response = await pull;
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    error: { code: 503, status: 'UNAVAILABLE' },
  });
});
