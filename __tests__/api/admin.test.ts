import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fastify, type FastifyInstance } from 'fastify';
import { pino } from 'pino';

import { addAdminRoutes } from '../../src/api/admin/routes.ts';

let directory: string;
let app: FastifyInstance;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'page-'));
  app = fastify();
  addAdminRoutes(app, pino({ level: 'silent' }), directory);
});
afterEach(async () => {
  await app.close();
  await rm(directory, { recursive: true });
});

const build = async () => {
  await mkdir(join(directory, 'assets'));
  await writeFile(join(directory, 'index.html'), '<title>the page</title>');
  await writeFile(join(directory, 'assets/index-abc.js'), 'script()');
};

test('a page that is not built says what builds it, and is served once it is', async () => {
  const before = await app.inject('/admin/');
  expect(before.statusCode).toBe(503);
  expect(before.body).toContain('npx pnpm build:dashboard');
  await build();
  expect((await app.inject('/admin/')).body).toContain('the page');
});

test('every address below is the page, and files are files', async () => {
  await build();
  expect((await app.inject('/admin')).headers.location).toBe('/admin/');
  for (const path of ['/admin/', '/admin/dead-letters/x?state=open'])
    expect(await app.inject(path)).toMatchObject({
      statusCode: 200,
      body: '<title>the page</title>',
      headers: { 'cache-control': 'no-cache' },
    });
  const asset = await app.inject({
    url: '/admin/assets/index-abc.js',
    headers: { 'accept-encoding': 'gzip' },
  });
  expect(asset.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'content-encoding': 'gzip',
    'cache-control': 'public, max-age=31536000, immutable',
  });
  const again = await app.inject({
    url: '/admin/assets/index-abc.js',
    headers: { 'if-none-match': String(asset.headers.etag) },
  });
  expect(again.statusCode).toBe(304);
});

test.each([
  '/admin/assets/other.js',
  '/admin/../package.json',
  '/admin/%2e%2e/package.json',
  '/admin/index.map',
])('%s is no file of the page', async (path) => {
  await build();
  const { statusCode, body } = await app.inject(path);
  expect(statusCode).toBe(404);
  expect(body).not.toContain('dependencies');
});

test('the page runs its own scripts alone, in nobody’s frame, and sets no cookie', async () => {
  await build();
  const { headers } = await app.inject('/admin/');
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['set-cookie']).toBeUndefined();
});
