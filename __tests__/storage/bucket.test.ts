import { createHash, createVerify, generateKeyPairSync } from 'node:crypto';
import { Readable } from 'node:stream';

import { BucketStorage } from '../../src/storage/bucket.ts';
import { type BucketServer, startBucketServer } from './bucket-server.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
});
const clientEmail = 'exports@project.iam.gserviceaccount.com';

let server: BucketServer;
let storage: BucketStorage;

const credentials = {
  client_email: clientEmail,
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
};

beforeAll(async () => {
  server = await startBucketServer();
  storage = new BucketStorage({
    bucket: 'exports',
    client: { apiEndpoint: server.url, projectId: 'project' },
  });
});
afterAll(() => server.close());

it('uploads a stream as one object of its content type', async () => {
  const rows = Array.from({ length: 1_000 }, (_, row) => `${row}\n`);
  const bytes = await storage.put('exports/a.csv', Readable.from(rows), {
    contentType: 'text/csv',
  });
  const object = server.objects.get('exports/a.csv');
  expect(object?.contentType).toBe('text/csv');
  expect(object?.body.toString()).toBe(rows.join(''));
  expect(bytes).toBe(object?.body.length);
});

it('leaves no object of an upload that is aborted midway', async () => {
  const controller = new AbortController();
  const before = server.begun();
  const endless = Readable.from(
    (async function* () {
      for (;;) {
        // Some of it is under way before it is given up.
        if (server.begun() > before) controller.abort(new Error('enough'));
        yield Buffer.alloc(10_000);
      }
    })(),
  );
  await expect(
    storage.put('exports/b.csv', endless, {
      contentType: 'text/csv',
      signal: controller.signal,
    }),
  ).rejects.toThrow();
  expect(server.objects.has('exports/b.csv')).toBe(false);
});

it('leaves no object of an upload whose source fails', async () => {
  const failing = Readable.from(
    (async function* () {
      yield Buffer.alloc(10);
      throw new Error('the source broke');
    })(),
  );
  await expect(
    storage.put('exports/c.csv', failing, { contentType: 'text/csv' }),
  ).rejects.toThrow('the source broke');
  expect(server.objects.has('exports/c.csv')).toBe(false);
});

it('deletes an object, and minds none that is gone', async () => {
  await storage.put('exports/d.csv', Readable.from(['x']), {
    contentType: 'text/csv',
  });
  await storage.delete('exports/d.csv');
  expect(server.objects.has('exports/d.csv')).toBe(false);
  await storage.delete('exports/d.csv');
});

it('signs a V4 link that holds for the key and the time', async () => {
  // Signing takes no connection: this one is for Google's own address.
  const google = new BucketStorage({
    bucket: 'exports',
    client: { projectId: 'project', credentials },
  });
  const url = new URL(
    await google.link('exports/a.csv', new Date(Date.now() + 3_600_000)),
  );
  const parameters = new Map(url.searchParams);
  const signature = parameters.get('X-Goog-Signature') ?? '';
  parameters.delete('X-Goog-Signature');
  expect(Number(parameters.get('X-Goog-Expires'))).toBeLessThanOrEqual(3_600);
  const query = [...parameters]
    .map(
      ([name, value]) =>
        `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
    )
    .sort()
    .join('&');
  const canonical = [
    'GET',
    url.pathname,
    query,
    `host:${url.host}`,
    '',
    'host',
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const scope = (parameters.get('X-Goog-Credential') ?? '')
    .split('/')
    .slice(1)
    .join('/');
  const text = [
    'GOOG4-RSA-SHA256',
    parameters.get('X-Goog-Date'),
    scope,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n');
  expect(url.pathname).toMatch(/\/exports\/exports\/a\.csv$/);
  expect(
    createVerify('RSA-SHA256').update(text).verify(publicKey, signature, 'hex'),
  ).toBe(true);
});

it('refuses keys that are no paths', async () => {
  await expect(storage.delete('../a')).rejects.toMatchObject({
    name: 'ObjectKeyError',
  });
});
