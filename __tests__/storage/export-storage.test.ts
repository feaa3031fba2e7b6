import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadConfig } from '../../src/config.ts';
import { openExportStorage } from '../../src/storage/export-storage.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'nightshift-export-storage-'));
});
afterEach(() => rm(home, { recursive: true }));

const open = (environment: NodeJS.ProcessEnv) =>
  openExportStorage(loadConfig({ NIGHTSHIFT_HOME: home, ...environment }));

it('is a folder whose links lead to the API', async () => {
  const { storage, folder } = await open({
    EXPORT_LINK_SECRET: 'a-secret-of-16-characters',
    PUBLIC_URL: 'https://app.example.com',
  });
  expect(storage).toBe(folder);
  expect(await storage.link('a.csv', new Date())).toMatch(
    /^https:\/\/app\.example\.com\/api\/exports\/files\/a\.csv\?expires=/,
  );
});

it('is a bucket where one is named', async () => {
  const { storage, folder } = await open({ EXPORT_BUCKET: 'exports' });
  expect(folder).toBeUndefined();
  expect(storage.constructor.name).toBe('BucketStorage');
});

it('makes up one secret for all processes in development, that nobody else may read', async () => {
  const environment = { NODE_ENV: 'development' };
  const [first, second] = await Promise.all([
    open(environment),
    open(environment),
  ]);
  expect(first.linkSecret).toHaveLength(43);
  expect(second.linkSecret).toBe(first.linkSecret);
  expect(await readdir(home)).toEqual(['link-secret']);
  expect((await stat(join(home, 'link-secret'))).mode & 0o777).toBe(0o600);
});

it('makes up no secret in production', async () => {
  const { storage, linkSecret } = await open({ NODE_ENV: 'production' });
  expect(linkSecret).toBeUndefined();
  await expect(storage.link('a.csv', new Date())).rejects.toMatchObject({
    name: 'LinkSecretMissingError',
  });
  expect(await readdir(home)).toEqual([]);
});
