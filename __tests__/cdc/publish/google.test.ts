import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
} from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

import type { OutgoingMessage } from '../../../src/cdc/outgoing-message.ts';
import {
  type BrokerConnection,
  connectBroker,
} from '../../../src/cdc/publish/broker.ts';
import {
  proxyFor,
  ProxySettingError,
} from '../../../src/cdc/publish/grpc/proxy.ts';

const pem = (name: string) =>
  readFileSync(
    new URL(`../../fixture/tls/google-${name}.pem`, import.meta.url),
    'utf8',
  );

const directory = mkdtempSync(join(tmpdir(), 'nightshift-google-'));
const variables = [
  'GOOGLE_APPLICATION_CREDENTIALS',
  'grpc_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'http_proxy',
  'HTTP_PROXY',
  'no_grpc_proxy',
  'no_proxy',
  'NO_PROXY',
];
const before = variables.map((name) => [name, process.env[name]] as const);
const authorities = getCACertificates('default');

/** Google as the other side of the proxy sees it: who gives tokens, and who takes messages. */
let google: Http2SecureServer;
/** Stands between, and knows nobody but Google. */
let proxy: Server;
const sockets = new Set<Socket>();
const sessions = new Set<ServerHttp2Session>();
const brokers: BrokerConnection[] = [];

let tokens = 0;
/** Whether the service knows a token. */
let knows: (token: number) => boolean;
/** What the proxy answers instead of a connection for messages. */
let refusal: string | undefined;
let published: (string | undefined)[] = [];
let connections: { target: string; authorization: string | undefined }[] = [];

const listen = async (server: Server | Http2SecureServer) => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

beforeAll(async () => {
  setDefaultCACertificates([...authorities, pem('certificate')]);
  google = createSecureServer({
    key: pem('key'),
    cert: pem('certificate'),
    allowHTTP1: true,
  });
  google.on('session', (session) => sessions.add(session));
  google.on('request', (request, response) => {
    if (request.httpVersionMajor === 1) {
      tokens += 1;
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ access_token: `token-${tokens}`, expires_in: 3600 }),
      );
      return;
    }
    const { authorization } = request.headers;
    request.resume();
    const known = knows(Number(authorization?.replace('Bearer token-', '')));
    if (known) published.push(authorization);
    response.stream.respond(
      { ':status': 200, 'grpc-status': known ? '0' : '16' },
      { endStream: true },
    );
  });
  const port = await listen(google);

  proxy = createServer();
  proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
    connections.push({
      target: request.url ?? '',
      authorization: request.headers['proxy-authorization'],
    });
    if (refusal !== undefined && request.url?.startsWith('pubsub.')) {
      socket.end(`HTTP/1.1 ${refusal}\r\n\r\n`);
      return;
    }
    const other = connect(port, '127.0.0.1');
    for (const end of [socket, other]) {
      sockets.add(end);
      end.on('error', () => undefined);
    }
    socket.on('close', () => other.destroy());
    other.on('close', () => socket.destroy());
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.pipe(other).pipe(socket);
  });
  const proxyPort = await listen(proxy);

  for (const name of variables) delete process.env[name];
  process.env['https_proxy'] = `http://ada:se%3Acret@127.0.0.1:${proxyPort}`;
  const credentials = join(directory, 'credentials.json');
  writeFileSync(
    credentials,
    JSON.stringify({
      type: 'authorized_user',
      client_id: 'client',
      client_secret: 'secret',
      refresh_token: 'refresh',
    }),
  );
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = credentials;
});

beforeEach(() => {
  tokens = 0;
  knows = () => true;
  refusal = undefined;
  published = [];
  connections = [];
});

afterEach(() => {
  for (const broker of brokers.splice(0)) broker.close();
});

afterAll(async () => {
  for (const [name, value] of before)
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  setDefaultCACertificates(authorities);
  rmSync(directory, { recursive: true });
  for (const session of sessions) session.destroy();
  for (const socket of sockets) socket.destroy();
  for (const server of [google, proxy]) {
    const closed = once(server, 'close');
    server.close();
    await closed;
  }
});

const message = {
  topic: 'post-viewed',
  orderingKey: '',
  attributes: {},
  data: Buffer.from('{}'),
} as unknown as OutgoingMessage;

const connectGoogle = (): BrokerConnection => {
  const broker = connectBroker({
    projectId: 'test',
    emulatorHost: undefined,
  });
  brokers.push(broker);
  return broker;
};

it('publishes through the proxy that the environment names, as it gets its tokens', async () => {
  await connectGoogle().send([message]);
  expect(published).toEqual(['Bearer token-1']);
  expect(connections.map(({ target }) => target).sort()).toEqual([
    'oauth2.googleapis.com:443',
    'pubsub.googleapis.com:443',
  ]);
  const basic = `Basic ${Buffer.from('ada:se:cret').toString('base64')}`;
  for (const { authorization } of connections)
    expect(authorization).toBe(basic);
});

it('says that the proxy refuses', async () => {
  refusal = '407 Proxy Authentication Required';
  await expect(connectGoogle().send([message])).rejects.toMatchObject({
    code: 14,
    details: expect.stringContaining(
      'to pass on to pubsub.googleapis.com:443, got status 407',
    ) as string,
  });
});

it('gets one new token when the service does not know the old one any more, and publishes with it', async () => {
  const broker = connectGoogle();
  await broker.send([message]);
  knows = (token) => token > 1;
  await Promise.all(Array.from({ length: 20 }, () => broker.send([message])));
  expect(tokens).toBe(2);
  expect(published).toEqual([
    'Bearer token-1',
    ...Array.from({ length: 20 }, () => 'Bearer token-2'),
  ]);
});

it('tells of a service that knows no token at all, without asking for one after the other', async () => {
  const broker = connectGoogle();
  knows = () => false;
  for (let turn = 0; turn < 5; turn += 1)
    await expect(broker.send([message])).rejects.toMatchObject({ code: 16 });
  expect(tokens).toBe(2);
});

it.each([
  ['https://127.0.0.1:3128', 'one that is reached by https:'],
  ['socks5://127.0.0.1:1080', 'one that is reached by socks5:'],
  ['127.0.0.1:3128', 'something that is no address'],
  [
    'http://ada:100%@127.0.0.1:3128',
    'one whose name or password is not percent-encoded',
  ],
])('refuses at the start to go through %s', (value, given) => {
  const honest = process.env['https_proxy'];
  process.env['https_proxy'] = value;
  try {
    expect(connectGoogle).toThrow(new ProxySettingError('https_proxy', given));
    process.env['NO_PROXY'] = 'localhost,.googleapis.com';
    expect(connectGoogle).not.toThrow();
  } finally {
    process.env['https_proxy'] = honest;
    delete process.env['NO_PROXY'];
  }
});

const there = { host: 'pubsub.googleapis.com', port: 443 };
const through = 'http://[::1]';

test.each([
  [{}, undefined],
  [{ HTTPS_PROXY: through }, '::1:80'],
  [{ HTTP_PROXY: 'http://a:1', https_proxy: 'http://b:2' }, 'b:2'],
  [{ grpc_proxy: 'http://c:3', https_proxy: 'http://b:2' }, 'c:3'],
  [{ https_proxy: '', HTTP_PROXY: 'http://a:1' }, 'a:1'],
  [{ https_proxy: through, no_proxy: '*' }, undefined],
  [{ https_proxy: through, no_proxy: 'a, *.googleapis.com' }, undefined],
  [{ https_proxy: through, no_proxy: 'googleapis.com:443' }, undefined],
  [{ https_proxy: through, no_proxy: 'googleapis.com:80' }, '::1:80'],
  [{ https_proxy: through, no_proxy: 'apis.com,,' }, '::1:80'],
  [
    { https_proxy: through, no_grpc_proxy: 'a', no_proxy: 'googleapis.com' },
    '::1:80',
  ],
])('%j leads through %s', (environment, expected) => {
  const found = proxyFor(there, environment);
  expect(found && `${found.host}:${found.port}`).toBe(expected);
});
