import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';

import { startServer, stopAll } from '../set-up.ts';
import { restCaller } from './set-up.ts';

afterEach(stopAll);

const topic = 'projects/test/topics/one';
const publish = `${topic}:publish`;

const started = async () => {
  const { server } = await startServer();
  const call = restCaller(server);
  await call('PUT', topic, {});
  return { server, call };
};

it.each<[string, unknown, string]>([
  ['text that ends early', '{"messages":[', 'Unexpected end of JSON input'],
  ['a list', [], 'Expected an object, got: []'],
  ['null', null, 'Expected an object, got: null'],
  [
    'an unknown name',
    { messages: [{ dataa: '' }] },
    `Unknown name "dataa" at 'messages[0]': Cannot find field.`,
  ],
  [
    'a name of every object',
    { constructor: 1, toString: 2 },
    'Unknown name "toString": Cannot find field.',
  ],
  ['one thing where a list is due', { messages: {} }, `'messages' (list), {}`],
  [
    'a list where one thing is due',
    { messages: [{ data: ['a'] }] },
    'Proto field is not repeating, cannot start list.',
  ],
  [
    'a string for a message',
    { messages: ['x'] },
    `'messages[0]' (type.googleapis.com/google.pubsub.v1.PubsubMessage), "x"`,
  ],
  [
    'no base64',
    { messages: [{ data: 'a*' }] },
    `'messages[0].data' (TYPE_BYTES), "a*"`,
  ],
  [
    'an attribute that is no string',
    { messages: [{ attributes: { a: 1 } }] },
    `'messages[0].attributes[a]' (TYPE_STRING), 1`,
  ],
  ['deep nesting', '['.repeat(1_000_000), 'Invalid JSON payload received'],
])('refuses %s in the service’s words', async (_, body, sentence) => {
  const { call } = await started();
  const answer = await call('POST', publish, body === null ? 'null' : body);
  expect(answer).toMatchObject({
    status: 400,
    body: { error: { code: 400, status: 'INVALID_ARGUMENT' } },
  });
  expect(answer.body.error.message).toContain(sentence);
});

it.each<[string, object, string]>([
  ['a fraction', { ackDeadlineSeconds: 10.5 }, 'TYPE_INT32'],
  ['a number that is too large', { ackDeadlineSeconds: 2 ** 31 }, 'TYPE_INT32'],
  [
    'a duration without a unit',
    { messageRetentionDuration: '600' },
    'google.protobuf.Duration',
  ],
  [
    'a duration as a number',
    { messageRetentionDuration: 600 },
    'google.protobuf.Duration',
  ],
  ['a word for a boolean', { retainAckedMessages: 'yes' }, 'TYPE_BOOL'],
  [
    'an unknown word of an enumeration',
    { state: 'BUSY' },
    'google.pubsub.v1.Subscription.State',
  ],
])('refuses %s', async (_, fields, expected) => {
  const { call } = await started();
  const answer = await call('PUT', 'projects/test/subscriptions/sub', {
    topic,
    ...fields,
  });
  expect(answer.status).toBe(400);
  expect(answer.body.error.message).toContain(expected);
});

it('takes one of what excludes each other', async () => {
  const { call } = await started();
  await call('PUT', 'projects/test/subscriptions/sub', { topic });
  const answer = await call('POST', 'projects/test/subscriptions/sub:seek', {
    time: '2026-01-01T00:00:00Z',
    snapshot: 'projects/test/snapshots/snap',
  });
  expect(answer.status).toBe(400);
  expect(answer.body.error.message).toContain(
    "oneof field 'time' is already set",
  );
});

it('refuses unknown and repeated query parameters, and takes those of every Google API', async () => {
  const { call } = await started();
  expect((await call('GET', 'projects/test/topics?pageSiz=1')).status).toBe(
    400,
  );
  expect(
    (await call('GET', 'projects/test/topics?pageSize=1&pageSize=2')).status,
  ).toBe(400);
  expect((await call('GET', 'projects/test/topics?page_size=-1')).status).toBe(
    400,
  );
  expect((await call('GET', 'projects/test/topics?alt=proto')).status).toBe(
    400,
  );
  expect(
    await call(
      'GET',
      'projects/test/topics?pageSize=1&alt=json&key=k&prettyPrint=false&$.xgafv=2',
    ),
  ).toMatchObject({ status: 200, body: { topics: [{ name: topic }] } });
});

it('reads percent-encoded names, and refuses those that are none', async () => {
  const { call } = await started();
  const name = 'projects/test/topics/a+b%c~d';
  expect(
    (await call('PUT', 'projects/test/topics/a%2Bb%25c%7Ed', {})).body.name,
  ).toBe(name);
  expect((await call('GET', 'projects/test/topics/a+b%25c~d')).status).toBe(
    200,
  );
  for (const bad of [
    '%ff',
    '%',
    'a%2Fb',
    'goog-x',
    'ab',
    encodeURIComponent('a:b'),
    '<script>',
  ])
    expect((await call('PUT', `projects/test/topics/${bad}`, {})).status).toBe(
      400,
    );
});

it('answers 404 to what the API does not have', async () => {
  const { call } = await started();
  for (const [method, path] of [
    ['POST', topic],
    ['GET', publish],
    ['POST', `${topic}:destroy`],
    ['GET', 'projects/test'],
    ['GET', 'projects/test/topics/'],
    ['DELETE', 'projects/test/topics'],
  ] as const)
    expect(await call(method, path)).toMatchObject({
      status: 404,
      body: { error: { status: 'NOT_FOUND' } },
    });
});

it('refuses a body that is too large, announced or not, packed or not, and goes on', async () => {
  const { server, call } = await started();
  const url = `http://${server.address}/v1/${publish}`;
  const tooMuch = Buffer.alloc(17 * 1024 * 1024, ' ');
  const headers = { 'content-type': 'application/json' };
  const refused = async (init: RequestInit) => {
    const response = await fetch(url, { method: 'POST', headers, ...init });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { message: expect.stringContaining('payload size exceeds') },
    });
  };
  await refused({
    headers: { ...headers, 'content-encoding': 'gzip' },
    body: gzipSync(tooMuch),
  });
  // Without waiting for the whole of it to be taken.
  for (const length of [{ 'content-length': tooMuch.length }, {}]) {
    const request = httpRequest(url, {
      method: 'POST',
      headers: { ...headers, ...length },
    });
    request.on('error', () => undefined);
    const answered = once(request, 'response');
    request.write(
      tooMuch.subarray(0, length['content-length'] ? 10 : undefined),
    );
    const [response] = (await answered) as [IncomingMessage];
    expect(response.statusCode).toBe(400);
    request.destroy();
  }
  expect((await call('GET', topic)).status).toBe(200);
});

it('takes a packed body, and refuses one that only says so', async () => {
  const { server } = await started();
  const post = (body: Buffer, headers: Record<string, string>) =>
    fetch(`http://${server.address}/v1/${publish}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
  const body = Buffer.from('{"messages":[{"data":"aGk="}]}');
  const gzip = { 'content-encoding': 'gzip' };
  expect((await post(gzipSync(body), gzip)).status).toBe(200);
  expect((await post(body, gzip)).status).toBe(400);
  expect((await post(body, { 'content-encoding': 'br' })).status).toBe(400);
  expect((await post(body, { 'content-type': 'text/plain' })).status).toBe(400);
  expect((await post(Buffer.from([0x22, 0xff, 0x22]), {})).status).toBe(400);
});

it('outlives clients that leave in the middle', async () => {
  const { server, call } = await started();
  await call('PUT', 'projects/test/subscriptions/sub', { topic });
  for (const text of [
    `POST /v1/${publish} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"mess`,
    'POST /v1/projects/test/subscriptions/sub:pull HTTP/1.1\r\nhost: x\r\ncontent-length: 17\r\n\r\n{"maxMessages":1}',
    'GET /v1/pro',
  ]) {
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.end(text);
    socket.resume();
    await once(socket, 'close');
  }
  await call('POST', publish, { messages: [{ data: 'aGk=' }] });
  const pulled = await call('POST', 'projects/test/subscriptions/sub:pull', {
    maxMessages: 1,
  });
  expect(pulled.body.receivedMessages).toHaveLength(1);
});

it('publishes what is as large as the service takes', async () => {
  const { call } = await started();
  const data = (length: number) => ({
    messages: [{ data: Buffer.alloc(length, 'x').toString('base64') }],
  });
  expect((await call('POST', publish, data(9_999_000))).status).toBe(200);
  expect((await call('POST', publish, data(10_500_000))).status).toBe(400);
});

it.each([
  ['of another site', { origin: 'https://example.com' }],
  ['without a name', { origin: 'null', 'content-type': 'text/plain' }],
  ['that calls itself this server', { 'sec-fetch-site': 'same-origin' }],
])('does nothing for a page %s', async (_, headers) => {
  const { server, call } = await started();
  await call('PUT', 'projects/test/subscriptions/one', { topic });
  const answer = await fetch(
    `http://${server.address}/v1/${publish}`,
    // The standard's client may not set these, Node's own may.
    { method: 'POST', headers, body: '{"messages":[{"data":"YQ=="}]}' },
  );
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain('Pages in browsers may not call');
  expect(server.statistics().subscriptions).toMatchObject([{ backlog: 0 }]);
});
