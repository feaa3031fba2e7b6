import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { pubsub } from '../../../src/pubsub-server/codecs.ts';
import { eventually, startServer, stopAll } from '../set-up.ts';
import {
  frame,
  grpcStatus,
  openCall,
  openSession,
  openSocket,
} from './raw-client.ts';
import { SeededRandom } from './seeded-random.ts';

const subscription = 'projects/test/subscriptions/sub';
const streamingPull = '/google.pubsub.v1.Subscriber/StreamingPull';
const pull = '/google.pubsub.v1.Subscriber/Pull';
const getTopic = '/google.pubsub.v1.Publisher/GetTopic';

const sessions: ClientHttp2Session[] = [];

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await stopAll();
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const setUp = async () => {
  const { client, server } = await startServer();
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  const connect = async () => {
    const session = await openSession(server.address);
    sessions.push(session);
    return session;
  };
  const statistics = () => server.statistics().subscriptions[0]!;
  /** The connections of the well-behaved client alone. */
  const connections = server.statistics().connections;
  const allGone = () =>
    eventually(() => server.statistics().connections <= connections);
  const stillServes = async () => {
    expect(await client.topic('one').exists()).toEqual([true]);
    const health = await fetch(`http://${server.address}/healthz`, {
      headers: { connection: 'close' },
    });
    expect(await health.text()).toBe('ok');
  };
  return { client, server, topic, connect, statistics, allGone, stillServes };
};

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const settings = Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0);

/** An HTTP/2 frame of whatever kind and content, whose length may lie. */
const http2Frame = (random: SeededRandom): Buffer => {
  const payload = random.bytes(random.integer(40));
  const header = Buffer.alloc(9);
  header.writeUIntBE(
    random.integer(8) === 0 ? random.integer(2 ** 24) : payload.length,
    0,
    3,
  );
  header[3] = random.integer(12);
  header[4] = random.integer(256);
  header.writeUInt32BE(random.integer(8), 5);
  return Buffer.concat([header, payload]);
};

const http1Request = (random: SeededRandom): Buffer =>
  Buffer.concat([
    Buffer.from(
      `${random.pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PRIX'])} ` +
        `${random.pick(['/', '/stats', '/v1/projects/test/topics', '/v1/', '*'])} HTTP/1.1\r\n`,
    ),
    random.bytes(random.integer(30)),
    Buffer.from(
      random.pick([
        '\r\n\r\n',
        '\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n',
        '\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
        ': \r\n',
        '',
      ]),
    ),
    random.bytes(random.integer(60)),
  ]);

/** Half of it begins as HTTP/2 does, half as HTTP/1 or as nothing at all. */
const noise = (random: SeededRandom): Buffer => {
  switch (random.integer(4)) {
    case 0:
      return Buffer.concat([
        preface,
        settings,
        ...Array.from({ length: 1 + random.integer(4) }, () =>
          http2Frame(random),
        ),
      ]);
    case 1:
      return Buffer.concat([
        preface.subarray(0, 1 + random.integer(preface.length)),
        random.bytes(random.integer(80)),
      ]);
    case 2:
      return http1Request(random);
    default:
      return random.bytes(1 + random.integer(80));
  }
};

/** Sends noise over connections of its own, some at a time, and waits until each is closed. */
const makeNoise = async (
  port: number,
  random: SeededRandom,
  count: number,
): Promise<void> => {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const bytes = noise(random);
      const socket = await openSocket(port);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.resume();
      socket.end(bytes);
      await closed;
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
};

it('survives 10,000 connections of random bytes, and keeps nothing of them', async () => {
  const { server, allGone, stillServes } = await setUp();
  const random = new SeededRandom();
  // The seed goes out whatever happens: a crash leaves no assertion to carry it.
  process.stdout.write(`random bytes of SEED=${random.seed}\n`);
  await makeNoise(server.port, random, 3000);
  await allGone();
  collectGarbage();
  const before = process.memoryUsage();
  await makeNoise(server.port, random, 7000);
  await allGone();
  await stillServes();
  collectGarbage();
  const after = process.memoryUsage();
  // A connection that stays behind holds some 10 KB: of 7,000 that would be 70 MB.
  expect(after.heapUsed - before.heapUsed).toBeLessThan(8 * 1024 * 1024);
});

it('answers others while a thousand connections say nothing, or half a word', async () => {
  const { server, topic, statistics, allGone, stillServes } = await setUp();
  const words = ['', 'P', 'PRI * HT', 'GET / HTTP/1.1\r\nhos', 'POST /v1/'];
  const sockets = await Promise.all(
    Array.from({ length: 1000 }, () => openSocket(server.port)),
  );
  for (const [index, socket] of sockets.entries())
    socket.write(words[index % words.length]!);
  await eventually(() => server.statistics().connections >= 1000);
  await stillServes();
  await topic.publishMessage({ data: Buffer.from('x') });
  expect(statistics().backlog).toBe(1);
  for (const socket of sockets) socket.resetAndDestroy();
  await allGone();
});

it('lets go of connections whose other side only closed its half', async () => {
  const { server, allGone, stillServes } = await setUp();
  const words = ['', 'P', 'PRI * HT', Buffer.concat([preface, settings]), 'GE'];
  const closed = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const socket = await openSocket(server.port);
      socket.resume();
      socket.end(words[index % words.length]!);
      return once(socket, 'close');
    }),
  );
  expect(closed).toHaveLength(200);
  await allGone();
  await stillServes();
});

describe('a gRPC frame', () => {
  const body = Buffer.from(
    pubsub.GetTopicRequest.encode({
      topic: 'projects/test/topics/one',
    }).finish(),
  );

  it.each<[string, Buffer[], object]>([
    ['that is cut off in its head', [frame(body).subarray(0, 3)], {}],
    ['that is cut off in its message', [frame(body).subarray(0, 12)], {}],
    ['that promises more than it has', [frame(body, 1000)], {}],
    ['that promises four gigabytes', [frame(body, 2 ** 32 - 1)], {}],
    [
      'of gzip that is none',
      [frame(body, body.length, 1)],
      { 'grpc-encoding': 'gzip' },
    ],
    [
      'of an unknown compression',
      [frame(body, body.length, 1)],
      { 'grpc-encoding': 'lzma' },
    ],
    ['that comes twice in a call for one', [frame(body), frame(body)], {}],
    ['that never comes', [], {}],
  ])(
    '%s is no success, and the connection goes on',
    async (_, frames, headers) => {
      const { connect, stillServes } = await setUp();
      const session = await connect();
      const call = openCall(session, getTopic, headers);
      for (const each of frames) call.write(each);
      call.end();
      expect(await grpcStatus(call)).not.toBe(0);
      const next = openCall(session, getTopic);
      next.end(frame(body));
      expect(await grpcStatus(next)).toBe(0);
      await stillServes();
    },
  );

  it('in pieces of a byte is put together', async () => {
    const { connect } = await setUp();
    const call = openCall(await connect(), getTopic);
    for (const byte of frame(body)) call.write(Buffer.of(byte));
    call.end();
    expect(await grpcStatus(call)).toBe(0);
  });

  it.each([
    ['without the content type of gRPC', { 'content-type': 'text/plain' }],
    ['with a time limit that is none', { 'grpc-timeout': 'soon' }],
  ])('%s is no success', async (_, headers) => {
    const { connect, stillServes } = await setUp();
    const call = openCall(await connect(), getTopic, headers);
    call.end(frame(body));
    expect(await grpcStatus(call)).not.toBe(0);
    await stillServes();
  });
});

describe('streams and pulls that are opened and dropped', () => {
  const open = frame(
    pubsub.StreamingPullRequest.encode({
      subscription,
      streamAckDeadlineSeconds: 10,
    }).finish(),
  );

  it('by the thousand leave no stream, consumer or lease behind', async () => {
    const { connect, statistics, topic, allGone } = await setUp();
    for (let round = 0; round < 4; round += 1) {
      const session = await connect();
      const calls = Array.from({ length: 500 }, () => {
        const call = openCall(session, streamingPull);
        call.write(open);
        call.resume();
        return call;
      });
      await eventually(() => statistics().openStreams === 500);
      // Some are reset, some ended, and the rest go with their connection.
      for (const [index, call] of calls.entries())
        if (index % 3 === 0) call.close(8);
        else if (index % 3 === 1) call.end();
      await eventually(() => statistics().openStreams <= 167);
      session.destroy();
      await eventually(() => statistics().openStreams === 0);
    }
    await allGone();
    await topic.publishMessage({ data: Buffer.from('x') });
    expect(statistics()).toMatchObject({ backlog: 1, outstanding: 0 });
  });

  it('before the server has read their first request leave nothing behind', async () => {
    const { connect, statistics, stillServes } = await setUp();
    const session = await connect();
    for (let opened = 0; opened < 1000; opened += 1) {
      const call = openCall(session, streamingPull);
      call.write(open);
      call.close(8);
    }
    session.close();
    await once(session, 'close');
    await stillServes();
    await eventually(() => statistics().openStreams === 0);
  });

  it('pulls that wait are forgotten with their callers', async () => {
    const { connect, statistics, topic } = await setUp();
    const session = await connect();
    const body = pubsub.PullRequest.encode({ subscription, maxMessages: 1 });
    const calls = Array.from({ length: 500 }, () => {
      const call = openCall(session, pull);
      call.end(frame(body.finish()));
      return call;
    });
    await eventually(() => statistics().waitingPulls === 500);
    for (const call of calls.slice(0, 250)) call.close(8);
    await eventually(() => statistics().waitingPulls === 250);
    session.destroy();
    await eventually(() => statistics().waitingPulls === 0);
    await topic.publishMessage({ data: Buffer.from('x') });
    expect(statistics()).toMatchObject({ backlog: 1, outstanding: 0 });
  });
});

describe('a stream that is not read', () => {
  it('is not answered for ever: the server stops reading it', async () => {
    const { connect, statistics, stillServes } = await setUp();
    const session = await connect();
    const call = openCall(session, streamingPull);
    call.write(
      frame(pubsub.StreamingPullRequest.encode({ subscription }).finish()),
    );
    await eventually(() => statistics().openStreams === 1);
    // Each keep-alive asks for an answer; a million of them is far beyond every window and buffer.
    const keepAlives = Buffer.concat(
      Array.from({ length: 1000 }, () => frame(Buffer.of())),
    );
    let refused = false;
    for (let sent = 0; sent < 1000 && !refused; sent += 1)
      if (!call.write(keepAlives)) {
        const drained = once(call, 'drain').then(() => false);
        let turns = 0;
        const stuck = eventually(() => (turns += 1) > 5000).then(() => true);
        refused = await Promise.race([drained, stuck]);
      }
    expect(refused).toBe(true);
    await stillServes();
    session.destroy();
    await eventually(() => statistics().openStreams === 0);
  });
});
