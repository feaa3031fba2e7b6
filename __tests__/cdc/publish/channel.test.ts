import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { createServer as createTlsServer } from 'node:tls';

import {
  Channel,
  type ChannelOptions,
} from '../../../src/cdc/publish/grpc/channel.ts';
import { parseAddress } from '../../../src/cdc/publish/grpc/socket.ts';
import { GrpcError } from '../../../src/cdc/publish/grpc/status.ts';
import { until } from '../../until.ts';

const pem = (name: string) =>
  readFileSync(new URL(`../../fixture/tls/${name}.pem`, import.meta.url));
const certificate = pem('certificate');
const key = pem('key');

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

const listen = async (
  server: Http2Server,
  answer: Answer,
  port = 0,
): Promise<{ port: number; close: () => Promise<void> }> => {
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => undefined);
    answer(stream, headers);
  });
  const close = async () => {
    for (const session of sessions) session.destroy();
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    await closed;
  };
  ends.push(() => void close());
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close };
};

const channelTo = (
  port: number,
  options: Partial<ChannelOptions> = {},
): Channel => {
  const channel = new Channel({
    host: '127.0.0.1',
    port,
    tls: undefined,
    ...options,
  });
  ends.push(() => channel.close());
  return channel;
};

const method = '/test.Service/Method';
const request = [Buffer.from('re'), Buffer.from('quest')];

const succeed: Answer = (stream) => {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc' },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.alloc(5));
};

const codeOf = (call: Promise<void>): Promise<number | undefined> =>
  call.then(
    () => undefined,
    (error: unknown) => (error as GrpcError).code,
  );

it('sends what gRPC asks for: method, metadata, deadline and a message with its length', async () => {
  let seen: IncomingHttpHeaders = {};
  let body = Buffer.alloc(0);
  const { port } = await listen(createServer(), (stream, headers) => {
    seen = headers;
    void buffer(stream).then((whole) => {
      body = Buffer.from(whole);
      succeed(stream, headers);
    });
  });
  const call = channelTo(port).method(method, { 'x-where': 'topic=a' });
  await call(request);
  expect(seen).toMatchObject({
    ':method': 'POST',
    ':path': method,
    ':scheme': 'http',
    ':authority': `127.0.0.1:${port}`,
    te: 'trailers',
    'content-type': 'application/grpc',
    'grpc-timeout': '30000m',
    'x-where': 'topic=a',
  });
  expect(body).toEqual(
    Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), ...request]),
  );
});

it('tells refusals by their code and text, with or without a body before them', async () => {
  let calls = 0;
  const { port } = await listen(createServer(), (stream) => {
    calls += 1;
    const trailers = {
      'grpc-status': '5',
      'grpc-message': 'no topic %E2%98%83 here, 100%',
    };
    if (calls === 1) {
      stream.respond({ ':status': 200, ...trailers }, { endStream: true });
      return;
    }
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end();
  });
  const call = channelTo(port).method(method, {});
  for (let turn = 0; turn < 2; turn += 1)
    await expect(call(request)).rejects.toEqual(
      new GrpcError(5, 'no topic ☃ here, 100%'),
    );
  await expect(call(request)).rejects.toThrow('5 NOT_FOUND: no topic');
});

it.each([
  [503, 14],
  [429, 14],
  [401, 16],
  [403, 7],
  [404, 12],
  [400, 13],
  [200, 2],
])(
  'takes status %i of HTTP without one of gRPC for code %i',
  async (http, code) => {
    const { port } = await listen(createServer(), (stream) => {
      stream.respond({ ':status': http }, { endStream: true });
    });
    expect(await codeOf(channelTo(port).method(method, {})(request))).toBe(
      code,
    );
  },
);

it.each([
  [constants.NGHTTP2_REFUSED_STREAM, 14],
  [constants.NGHTTP2_CANCEL, 1],
  [constants.NGHTTP2_ENHANCE_YOUR_CALM, 8],
  [constants.NGHTTP2_INTERNAL_ERROR, 13],
])('takes a stream reset with %i for code %i', async (reset, code) => {
  const { port } = await listen(createServer(), (stream) => {
    stream.close(reset);
  });
  expect(await codeOf(channelTo(port).method(method, {})(request))).toBe(code);
});

it('connects again after a server that went away, was restarted, or said that it goes', async () => {
  const first = await listen(createServer(), succeed);
  const call = channelTo(first.port).method(method, {});
  await call(request);
  await first.close();
  expect(await codeOf(call(request))).toBe(14);

  let sessions = 0;
  const second = createServer();
  second.on('session', () => (sessions += 1));
  await listen(
    second,
    (stream, headers) => {
      succeed(stream, headers);
      if (sessions === 1) stream.session!.goaway(0);
    },
    first.port,
  );
  // After a failed attempt there is a pause, in which calls fail at once.
  await until(async () => (await codeOf(call(request))) === undefined);
  for (let turn = 0; turn < 3; turn += 1) await call(request);
  expect(sessions).toBe(2);
});

it('tries to connect once for all that wait, and tells all of them why it cannot', async () => {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const call = channelTo(port).method(method, {});
  const codes = await Promise.all(
    Array.from({ length: 20 }, () => codeOf(call(request))),
  );
  expect(codes).toEqual(codes.map(() => 14));
  expect(connections).toBe(1);
});

it('says who calls on every call, and what is new of it from then on; without it no call is made', async () => {
  const seen: (string | undefined)[] = [];
  const { port } = await listen(createServer(), (stream, headers) => {
    seen.push(headers.authorization);
    succeed(stream, headers);
  });
  const tokens = ['one', 'one', 'two'];
  const call = channelTo(port, {
    credentials: {
      headers: async () => {
        const token = tokens.shift();
        if (token === undefined) throw new Error('nobody knows');
        return { authorization: `Bearer ${token}` };
      },
      refused: () => false,
    },
  }).method(method, {});
  for (let turn = 0; turn < 3; turn += 1) await call(request);
  expect(seen).toEqual(['Bearer one', 'Bearer one', 'Bearer two']);
  await expect(call(request)).rejects.toMatchObject({
    code: 14,
    details: 'nobody knows',
  });
  expect(seen).toHaveLength(3);
});

it('waits no longer for credentials than for an answer, and asks again the next time', async () => {
  const { port } = await listen(createServer(), succeed);
  let asked = 0;
  const call = channelTo(port, {
    timeout: 300,
    credentials: {
      headers: () => {
        asked += 1;
        return asked === 1
          ? new Promise(() => undefined)
          : Promise.resolve({ authorization: 'Bearer one' });
      },
      refused: () => false,
    },
  }).method(method, {});
  await expect(call(request)).rejects.toMatchObject({
    code: 4,
    details: 'expected credentials within 300 ms, got none',
  });
  await call(request);
});

describe('by TLS', () => {
  it('calls a server whose certificate is trusted', async () => {
    const secure = createSecureServer({ key, cert: certificate });
    const { port } = await listen(secure, succeed);
    const call = channelTo(port, {
      host: 'localhost',
      tls: { ca: certificate },
    }).method(method, {});
    await Promise.all(
      Array.from({ length: 50 }, () => call([Buffer.alloc(100_000)])),
    );
  });

  it('refuses one whose certificate is not, or that does not speak HTTP/2', async () => {
    const secure = createSecureServer({ key, cert: certificate });
    const { port } = await listen(secure, succeed);
    await expect(
      channelTo(port, { host: 'localhost', tls: {} }).method(
        method,
        {},
      )(request),
    ).rejects.toThrow('self-signed certificate');

    const old = createTlsServer({ key, cert: certificate });
    old.listen(0, '127.0.0.1');
    await once(old, 'listening');
    ends.push(() => old.close());
    await expect(
      channelTo((old.address() as AddressInfo).port, {
        host: 'localhost',
        tls: { ca: certificate },
      }).method(
        method,
        {},
      )(request),
    ).rejects.toThrow('to speak HTTP/2');
  });
});

it('ends calls that are under way when it is closed, and makes no more', async () => {
  const there = Promise.withResolvers<void>();
  const { port } = await listen(createServer(), () => there.resolve());
  const channel = channelTo(port);
  const call = channel.method(method, {});
  const waiting = codeOf(call(request));
  await there.promise;
  channel.close();
  expect(await waiting).toBe(14);
  expect(await codeOf(call(request))).toBe(1);
});

test('addresses have a host and a port, those of IPv6 in brackets', () => {
  expect(parseAddress('pubsub.googleapis.com:443')).toEqual({
    host: 'pubsub.googleapis.com',
    port: 443,
  });
  expect(parseAddress('[::1]:8085')).toEqual({ host: '::1', port: 8085 });
  expect(() => parseAddress('localhost')).toThrow('expected an address');
});
